import { text } from './outcomes.js';
import { Trio, until } from './trio.js';

describe('a server that may not vote with an empty disk', () => {
  it('joins the others, learns what they have, and is a member like any other', async () => {
    let isNew = true;
    const trio = new Trio({ member: { mayVoteEmpty: () => Promise.resolve(isNew) } });
    await trio.start(1, 2);
    await (await trio.connect(trio.leader)).create('/a', 'x');
    isNew = false;
    await trio.start(3);
    expect(text((await (await trio.connect(3)).getData('/a')).data)).toBe('x');
    // Its vote counts from now on: without it there is no quorum.
    await trio.stopOne(trio.leader);
    await until(() => trio.running.some(({ ensemble }) => ensemble?.role.role === 'leader' && ensemble.role.isServing));
    await trio.end();
  });
});
