// @ts-check
/** Behind the last test file: nothing stays behind. */
export default async function teardown() {
  await /** @type {{ removeTestServer?: () => Promise<void> }} */ (globalThis).removeTestServer?.();
}
