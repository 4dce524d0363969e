/** skewbed up: placeholder for the story. */
export async function up(_options: { readonly out: string; readonly json?: true }): Promise<number> {
  return 254;
}
