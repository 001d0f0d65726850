/** RISKFLOW_FUZZ_FACTOR=100 makes every fuzz test a hundred times as long, RISKFLOW_FUZZ_SEED another one. */
const FACTOR = Number(process.env['RISKFLOW_FUZZ_FACTOR'] ?? 1);

export const FUZZ_SEED = Number(process.env['RISKFLOW_FUZZ_SEED'] ?? 20_261_121);
export const fuzzRuns = (inCi: number): number => Math.max(1, Math.round(inCi * FACTOR));
