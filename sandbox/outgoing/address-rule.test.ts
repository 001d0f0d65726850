import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressProblem, canonicalAddress, literalAddress } from './address-rule.ts';

describe('addresses', () => {
  // The ends of ranges, and what lies just outside of them.
  it.each(
    [
      '1.1.1.1 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255',
      '172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 2000::1 2001:4860:4860::8888 2a00:1450::1',
      '2606:4700::1111 ::ffff:8.8.8.8',
    ].flatMap((line) => line.split(' ')),
  )('%s is public', (address) => {
    expect(addressProblem(address)).toBeUndefined();
  });

  it.each(
    [
      '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255 169.254.0.0 169.254.255.255',
      '172.16.0.0 172.31.255.255 192.0.0.8 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0 192.168.255.255 192.175.48.1',
      '198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255 168.63.129.16',
      ':: ::1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:168.63.129.16 ::ffff:0:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:2::1',
      '2001:10::1 2001:20::1 2001:db8::1 2002:808:808::1 2620:4f:8000::1 3fff::1 4000::1 5f00::1 fc00::1 fdff::1 fe80::1 fe80::1%eth0',
      'fec0::1 ff02::1 ffff::1 nothing 1.2.3 1.2.3.4.5 2001::1::1',
    ].flatMap((line) => line.split(' ')),
  )('%s is not', (address) => {
    expect(addressProblem(address)).toMatch(/^(?:which|it) is/);
  });

  it('of IPv4 are the same within IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addressProblem(`::ffff:${address}`)).toBe(addressProblem(address));
        expect(canonicalAddress(`::FFFF:${address}`)).toBe(address);
      }),
    );
  });

  it('of IPv6 are public in 2000::/3 at most', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = Number.parseInt(canonicalAddress(address).split(':')[0] ?? '', 16);
        const isIpv4 = !canonicalAddress(address).includes(':');
        if (addressProblem(address) === undefined && !isIpv4) expect(first >> 13).toBe(1);
      }),
    );
  });

  it('are told from names', () => {
    expect(['[::1]', '127.0.0.1', 'a.test', '[::ffff:7f00:1]', 'localhost', ''].map(literalAddress)).toEqual([
      '::1',
      '127.0.0.1',
      undefined,
      '::ffff:7f00:1',
      undefined,
      undefined,
    ]);
  });
});
