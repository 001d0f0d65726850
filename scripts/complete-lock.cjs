// Adds to package-lock.json the optional packages of other platforms that a registry did not serve, so that `npm ci` works elsewhere too.
// After `npm install`: node scripts/complete-lock.cjs package-lock.json
const fs = require('fs');
const file = process.argv[2];
const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
const at = lock.packages;
const found = (path, name) => {
  for (let dir = path; ;) {
    if (at[`${dir ? `${dir}/` : ''}node_modules/${name}`]) return true;
    if (dir === '') return false;
    const i = dir.lastIndexOf('/node_modules/');
    dir = i < 0 ? '' : dir.slice(0, i);
  }
};
const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = { arm64: 'arm64', x64: 'x64', ia32: 'ia32', ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x', arm: 'arm' };
let n = 0;
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(at)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (found(path, name)) continue;
    const parts = name.split(/[/-]/);
    const os = OS.find((one) => parts.includes(one));
    const cpu = CPU[parts.find((one) => one in CPU)];
    if (!os || !cpu || !/^\d/.test(version)) throw new Error(`cannot tell the platform of ${name}@${version}`);
    const libc = os !== 'linux' ? undefined : parts.some((p) => p.startsWith('musl')) ? ['musl'] : ['glibc'];
    at[`node_modules/${name}`] = { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os: [os] };
    n++;
  }
}
lock.packages = Object.fromEntries(Object.entries(at).sort(([a], [b]) => a.localeCompare(b, 'en')));
fs.writeFileSync(file, JSON.stringify(lock, null, 2) + '\n');
console.log(`${n} entries added`);
