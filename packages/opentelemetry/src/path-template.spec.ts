import fc from 'fast-check';
import { pathTemplate } from './path-template.js';

describe('pathTemplate', () => {
  it.each([
    ['/', '/'],
    ['/config/app', '/config/app'],
    ['/orders/4711', '/orders/{n}'],
    ['/orders/4711/lines/2', '/orders/{n}/lines/{n}'],
    ['/queue/order-0000000042', '/queue/order-{n}'],
    ['/lock/_c_0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-lock-0000000012', '/lock/_c_{guid}-lock-{n}'],
    ['/lock/0f1e2d3c4b5a69788796a5b4c3d2e1f0__lock__0000000012', '/lock/{guid}__lock__{n}'],
    ['/sessions/0x100a3f00b1c0000', '/sessions/{hex}'],
    ['/hosts/10.0.0.1:2181', '/hosts/{n}.{n}.{n}.{n}:{n}'],
    ['/facade/beefcafe', '/facade/beefcafe'],
    ['/a/b/c/d/e/f/g/h', '/a/b/c/d/e/f/g/h'],
    ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/…'],
  ])('makes of %s %s', (path, template) => {
    expect(pathTemplate(path)).toBe(template);
  });

  it('is the same for all numbers and GUIDs in one place', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uuid(), fc.uuid(), (n, m, id, other) => {
        expect(pathTemplate(`/a/${n}/${id}-x`)).toBe(pathTemplate(`/a/${m}/${other}-x`));
      }),
    );
  });
});
