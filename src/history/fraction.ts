/** A ratio as it was written, compared without floating point. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The exact value of a decimal setting from 0 to 1, such as 0.8. */
export function fractionOf(decimal: number): Fraction {
  const [mantissa = '0', exponent = '0'] = decimal.toString().split('e');
  const [whole = '0', decimals = ''] = mantissa.split('.');
  const places = decimals.length - Number(exponent);
  return { numerator: BigInt(whole + decimals), denominator: 10n ** BigInt(places) };
}

/** Whether part / whole ≥ the fraction, exactly; part and whole are integers, whole > 0. */
export function reaches(part: number, whole: number, fraction: Fraction): boolean {
  return BigInt(part) * fraction.denominator >= fraction.numerator * BigInt(whole);
}

/** Whether part / whole > the fraction, exactly. */
export function exceeds(part: number, whole: number, fraction: Fraction): boolean {
  return BigInt(part) * fraction.denominator > fraction.numerator * BigInt(whole);
}

/** The fraction in percent, for people: to the hundredth, rounded down. */
export function percent({ numerator, denominator }: Fraction): string {
  return `${Number(numerator * 10_000n / denominator) / 100} %`;
}
