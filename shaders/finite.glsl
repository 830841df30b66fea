// Whether a number is NaN or infinite is seen at its bits. Compilers may take it that there is none (fast math, as Metal's), and leave
// out isnan(), isinf(), v != v and what a comparison says of NaN.
#ifndef FINITE_GLSL
#define FINITE_GLSL

// finite: the exponent is not all ones.
bool finite(float v) { return (floatBitsToUint(v) & 0x7f800000u) != 0x7f800000u; }

#endif
