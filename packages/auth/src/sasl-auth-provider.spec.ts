import { SaslAuthProvider } from './sasl-auth-provider.js';

describe('the sasl scheme', () => {
  const provider = new SaslAuthProvider();

  it('is proved by no packet', () => {
    expect(provider.authenticate()).toBeUndefined();
  });

  it.each([
    ['bob', true],
    ['', true],
    ['bob/x/y', true],
    ['bob@REALM', true],
    ['zk/host.example@REALM', true],
    ['a/b/c@REALM', false],
    ['bob@x@y', false],
  ])('takes the id %j in an ACL: %s', (id, isValid) => {
    expect(provider.isValid(id)).toBe(isValid);
  });

  it.each([
    ['bob', 'bob', true],
    ['bob', 'eve', false],
    ['super', 'eve', true],
    ['eve', 'anybody', true],
    ['eve', 'super', false],
  ])('%j satisfies the entry %j: %s', (connectionId, aclId, isMatch) => {
    expect(new SaslAuthProvider({ letAnyUser: 'anybody' }).matches(connectionId, aclId)).toBe(isMatch);
  });

  it('has no entry for anybody unless it is told one', () => {
    expect(provider.matches('eve', 'anybody')).toBe(false);
  });
});
