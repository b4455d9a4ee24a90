// Validates Kubernetes objects with npm's kubernetes-models: values by its schemas, unknown fields by its TypeScript types.
//
//   node validate.mjs objects.json     an array of objects; prints a line per problem, then `N objects validated`
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const objects = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const problems = [];

// GKE's own kinds, and KEDA's, have packages of their own.
const packages = { 'cloud.google.com/v1': '@kubernetes-models/gke', 'keda.sh/v1alpha1': '@kubernetes-models/keda' };
const title = (object) => `${object.kind}/${object.metadata.name}`;
const lines = [];
for (const [index, object] of objects.entries()) {
  const from = `${packages[object.apiVersion] ?? 'kubernetes-models'}/${object.apiVersion}`;
  try {
    new ((await import(from))[object.kind])(object).validate();
  } catch (error) {
    problems.push(`${title(object)}: ${error.message}`);
  }
  lines.push(`import { I${object.kind} as T${index} } from "${from}";`, `export const o${index}: T${index} = ${JSON.stringify(object)};`);
}

// In this folder, so that the modules are found.
const folder = mkdtempSync(path.join(here, 'objects-'));
try {
  const file = path.join(folder, 'objects.ts');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const compiler = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--moduleResolution', 'bundler', '--target', 'es2022', '--types', ''];
  const run = spawnSync(process.execPath, [compiler, ...options, file], { cwd: here, encoding: 'utf8' });
  if (run.status !== 0) problems.push(...`${run.stdout}${run.stderr}`.trim().split('\n'));
} finally {
  rmSync(folder, { recursive: true });
}
for (const problem of problems) console.log(problem);
console.log(`${objects.length} objects validated`);
process.exit(problems.length > 0 ? 1 : 0);
