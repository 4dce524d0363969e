/**
 * A Job of batch/v1, with the fields that docker/kubernetes/chaos-job.yaml uses and no others: a misspelt one is refused,
 * where a cluster would drop it with a warning. From the API reference of Kubernetes 1.33 (batch/v1 Job, core/v1 PodSpec).
 * Written by hand: the packages on npm that carry Kubernetes' own schema are types for compilers, which check no YAML.
 */
import { type Static, type TProperties, Type } from 'typebox';

const closed = <P extends TProperties>(fields: P) => Type.Object(fields, { additionalProperties: false });
const Labels = Type.Record(Type.String({ pattern: '^([a-z0-9.-]+/)?[A-Za-z0-9._-]{1,63}$' }), Type.String());
/** RFC 1123. */
const Name = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' });
const Quantity = Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?(m|[KMGT]i?)?$' });
const Resources = closed({ cpu: Quantity, memory: Quantity });

const Container = closed({
  name: Name,
  image: Type.String({ minLength: 1 }),
  command: Type.Array(Type.String(), { minItems: 1 }),
  env: Type.Array(closed({ name: Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }), value: Type.String() })),
  resources: closed({ requests: Resources, limits: Resources }),
  securityContext: closed({
    allowPrivilegeEscalation: Type.Literal(false),
    readOnlyRootFilesystem: Type.Literal(true),
    capabilities: closed({ drop: Type.Tuple([Type.Literal('ALL')]) }),
  }),
  volumeMounts: Type.Array(closed({ name: Name, mountPath: Type.String({ pattern: '^/' }) })),
});

export const JobFields = closed({
  apiVersion: Type.Literal('batch/v1'),
  kind: Type.Literal('Job'),
  metadata: closed({ name: Name, labels: Labels }),
  spec: closed({
    completionMode: Type.Literal('Indexed'),
    completions: Type.Integer({ minimum: 1 }),
    parallelism: Type.Integer({ minimum: 1 }),
    backoffLimitPerIndex: Type.Integer({ minimum: 0 }),
    activeDeadlineSeconds: Type.Integer({ minimum: 1 }),
    ttlSecondsAfterFinished: Type.Integer({ minimum: 0 }),
    template: closed({
      metadata: closed({ labels: Labels }),
      spec: closed({
        // A Job takes no other than these two.
        restartPolicy: Type.Enum(['Never', 'OnFailure']),
        automountServiceAccountToken: Type.Literal(false),
        enableServiceLinks: Type.Boolean(),
        terminationGracePeriodSeconds: Type.Integer({ minimum: 0 }),
        securityContext: closed({
          runAsNonRoot: Type.Literal(true),
          // By number: a cluster cannot see that a user with a name is not root.
          runAsUser: Type.Integer({ minimum: 1 }),
          runAsGroup: Type.Integer({ minimum: 1 }),
          seccompProfile: closed({ type: Type.Literal('RuntimeDefault') }),
        }),
        containers: Type.Array(Container, { minItems: 1, maxItems: 1 }),
        volumes: Type.Array(closed({ name: Name, emptyDir: closed({ sizeLimit: Quantity }) })),
      }),
    }),
  }),
});
export type Job = Static<typeof JobFields>;
