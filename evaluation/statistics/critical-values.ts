/** 97.5 % point of the standard normal distribution: all intervals are two-sided 95 %. */
export const Z_95 = 1.959963984540054;
/** 80 % point: the power at which detectable effects are stated. */
export const POWER = 0.8;
export const Z_POWER = 0.8416212335729143;
