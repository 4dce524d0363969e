/**
 * The configuration of a domain in xl's header: the JSON that libxl writes for a libxl_domain_config, with a NUL behind
 * it. Ours has the keys that xl needs to build a PV domain again, and no others. Which model kernel runs inside is in the
 * guest's memory, where a kernel belongs.
 */

export type DomainConfig = {
  readonly name: string;
  readonly vcpus: number;
  readonly pages: number;
};

/** The configuration's bytes for a guest of ours. */
export function configOf({ name, vcpus, pages }: DomainConfig): Uint8Array {
  const kib = pages * 4;
  const config = {
    c_info: { type: 'pv', name, uuid: '00000000-0000-0000-0000-000000000000', run_hotplug_scripts: 'False' },
    b_info: {
      max_vcpus: vcpus,
      avail_vcpus: Array.from({ length: vcpus }, (_, id) => id),
      max_memkb: kib,
      target_memkb: kib,
      video_memkb: 0,
      'type.pv': {},
    },
    on_crash: 'preserve',
  };
  return new TextEncoder().encode(`${JSON.stringify(config, null, 4)}\n\0`);
}

export type ConfigFacts = {
  readonly json: unknown;
  readonly type: string;
  readonly name: string;
  readonly maxVcpus: number | null;
};

/** What the configuration says, or what is wrong with it. */
export function configProblem(config: Uint8Array): ConfigFacts | string {
  if (config.at(-1) !== 0) return 'there is no NUL at its end';
  if (config.indexOf(0) !== config.length - 1) return `there is a NUL in the middle, at byte ${config.indexOf(0)}`;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(config.subarray(0, -1)));
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`;
  }
  const info = keyOf(json, 'c_info');
  const type = keyOf(info, 'type');
  if (type !== 'pv' && type !== 'hvm' && type !== 'pvh') {
    return `c_info.type is ${JSON.stringify(type) ?? 'missing'}; there are pv, hvm and pvh`;
  }
  const name = keyOf(info, 'name');
  if (typeof name !== 'string' || name === '') return `c_info.name is ${JSON.stringify(name) ?? 'missing'}`;
  const maxVcpus = keyOf(keyOf(json, 'b_info'), 'max_vcpus');
  return { json, type, name, maxVcpus: typeof maxVcpus === 'number' ? maxVcpus : null };
}

const keyOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
