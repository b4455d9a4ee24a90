// Writes kubernetes.schema: the types of the kinds below, taken from the TypeScript types of npm's `kubernetes-models`, which are
// generated from Kubernetes' OpenAPI document.
//
//   npm install kubernetes-models@4.5.1 && node generate.mjs node_modules > kubernetes.schema
//
// What the types do not say stands here: the keys by which lists are merged (kubernetes.io, API reference, "patch strategy: merge on key"),
// and which kinds belong to no namespace.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const kinds = {
  'v1': ['ConfigMap', 'LimitRange', 'PersistentVolume', 'PersistentVolumeClaim', 'Pod', 'ResourceQuota', 'Secret', 'Service', 'ServiceAccount'],
  'apps/v1': ['DaemonSet', 'Deployment', 'StatefulSet'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'batch/v1': ['CronJob', 'Job'],
  'networking.k8s.io/v1': ['Ingress', 'NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io/v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'scheduling.k8s.io/v1': ['PriorityClass'],
  'storage.k8s.io/v1': ['StorageClass'],
};
const clusterScoped = new Set(['ClusterRole', 'ClusterRoleBinding', 'PersistentVolume', 'PriorityClass', 'StorageClass']);
const mergeKeys = {
  'PodSpec.containers': 'name', 'PodSpec.initContainers': 'name', 'PodSpec.ephemeralContainers': 'name', 'PodSpec.volumes': 'name',
  'PodSpec.imagePullSecrets': 'name', 'PodSpec.hostAliases': 'ip', 'PodSpec.schedulingGates': 'name', 'PodSpec.resourceClaims': 'name',
  'PodSpec.topologySpreadConstraints': 'topologyKey,whenUnsatisfiable',
  'Container.ports': 'containerPort,protocol=TCP', 'Container.env': 'name', 'Container.volumeMounts': 'mountPath', 'Container.volumeDevices': 'devicePath',
  'EphemeralContainer.ports': 'containerPort,protocol=TCP', 'EphemeralContainer.env': 'name', 'EphemeralContainer.volumeMounts': 'mountPath',
  'EphemeralContainer.volumeDevices': 'devicePath',
  'ServiceSpec.ports': 'port,protocol=TCP', 'ServiceAccount.secrets': 'name', 'ServiceAccount.imagePullSecrets': 'name',
  'ObjectMeta.ownerReferences': 'uid',
};
// Accepted values that the types leave to the prose beside them.
const allowed = {
  'MetricTarget.type': 'AverageValue|Utilization|Value', 'MetricSpec.type': 'ContainerResource|External|Object|Pods|Resource',
  'HPAScalingRules.selectPolicy': 'Disabled|Max|Min', 'HPAScalingPolicy.type': 'Percent|Pods',
  'LabelSelectorRequirement.operator': 'DoesNotExist|Exists|In|NotIn', 'StorageClass.reclaimPolicy': 'Delete|Retain',
  'StorageClass.volumeBindingMode': 'Immediate|WaitForFirstConsumer',
};

// Fields of later Kubernetes versions than the package's.
const later = {
  PodSpec: ['hostnameOverride text', 'workloadRef any'], Container: ['restartPolicyRules [any]'], EnvVarSource: ['fileKeyRef any'],
};

const modules = path.resolve(process.argv[2] ?? 'node_modules');
const types = new Map();
const files = new Map();

function interfaceOf(file) {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const imports = new Map();
  for (const [, names, from] of text.matchAll(/import \{([^}]*)\} from "([^"]*)";/g)) {
    const target = from.startsWith('.') ? path.resolve(path.dirname(file), from) : path.join(modules, from);
    for (const name of names.split(',')) imports.set(name.trim(), `${target}.d.ts`);
  }
  const body = /export interface I\w+[^{]*\{([\s\S]*?)\n\}/.exec(text);
  return { body: body?.[1], imports };
}

function typeName(file) {
  const name = path.basename(file, '.d.ts');
  if (types.has(name)) {
    if (files.get(name) !== file) throw new Error(`two types are called ${name}: ${file}, ${files.get(name)}`);
    return name;
  }
  const { body, imports } = interfaceOf(file);
  if (body === undefined) return 'any';
  files.set(name, file);
  const fields = [];
  types.set(name, { fields, words: [] });
  for (const [, field, optional, type] of body.matchAll(/"([^"]+)"(\??):\s*((?:\{[^}]*\}|[^;{])+);/g)) {
    const merge = mergeKeys[`${name}.${field}`];
    // The server writes the status; what a manifest says there is ignored.
    const read = field === 'status' || field === 'managedFields' ? 'any' : compact(type.trim(), imports, `${name}.${field}`);
    fields.push(`${field} ${read}${merge ? `by:${merge}` : ''}${optional ? '' : '!'}`);
  }
  fields.push(...(later[name] ?? []).filter((field) => !fields.some((known) => known.startsWith(`${field.split(' ')[0]} `))));
  return name;
}

function compact(type, imports, where) {
  if (allowed[where]) return `text(${allowed[where]})`;
  let match;
  if ((match = /^Array<([\s\S]*)>$/.exec(type))) return `[${compact(match[1].trim(), imports, where)}]`;
  if ((match = /^\{\s*\[key: string\]:\s*([\s\S]*?);?\s*\}$/.exec(type))) return `{${compact(match[1].trim(), imports, where)}}`;
  if (/^"/.test(type)) return `text(${type.split('|').map((word) => JSON.parse(word.trim())).sort().join('|')})`;
  switch (type) {
    case 'string': return 'text';
    case 'number': return 'int';
    case 'boolean': return 'bool';
    default:
  }
  if (/Quantity$/.test(type)) return 'quantity';
  if (/IntOrString$/.test(type)) return 'int-or-text';
  if (/(Time|MicroTime)$/.test(type) && /Meta/.test(type)) return 'text';
  return imports.has(type) ? typeName(imports.get(type)) : 'any';
}

for (const [apiVersion, names] of Object.entries(kinds)) {
  for (const name of names) {
    typeName(path.join(modules, 'kubernetes-models', apiVersion, `${name}.d.ts`));
    types.get(name).words = [apiVersion, ...(clusterScoped.has(name) ? ['cluster'] : [])];
  }
}
const lines = [
  '# Types of Kubernetes kinds, written by generate.mjs beside this file from npm kubernetes-models. A type begins a line; its fields are indented;',
  '# `!` is required, [T] a list, [T]by:KEY one merged by key, {T} a map, text(A|B) one of a few words.',
];
for (const name of [...types.keys()].sort()) {
  const { fields, words } = types.get(name);
  lines.push([name, ...words].join(' '), ...fields.sort().map((field) => ` ${field}`));
}
process.stdout.write(`${lines.join('\n')}\n`);
