// The activations and their slopes on each value, by the numbers that the host gives (functions in engine/gpu/variants_activation.go).
// NONE leaves its values as they are. ReLU by itself has shaders of its own.
#ifndef ACTIVATION_GLSL
#define ACTIVATION_GLSL

#include "chunk.glsl"
#include "sigmoid.glsl"

#define NONE 0u
#define SILU 1u
#define RELU6 2u
#define GELU 3u
#define HARDSWISH 4u
#define SIGMOID 5u
#define RELU 6u

// where_less is yes where a < b, else no. at_most_six leaves NaN as it is, which has bits above infinity's: min() would leave that
// to the compiler (see finite.glsl).
#ifdef SCALAR
float where_less(float a, float b, float yes, float no) { return a < b ? yes : no; }
float at_most_six(float v) { return floatBitsToUint(v) - 0x40c00000u <= 0x7f800000u - 0x40c00000u ? 6.0 : v; }
#else
vec4 where_less(vec4 a, vec4 b, vec4 yes, vec4 no) { return mix(no, yes, lessThan(a, b)); }
vec4 at_most_six(vec4 v) { return mix(v, vec4(6.0), lessThanEqual(floatBitsToUint(v) - 0x40c00000u, uvec4(0x7f800000u - 0x40c00000u))); }
#endif

// bell is exp(-v^2/2), the normal density without its constant.
chunk bell(chunk v) { return exp(-0.5 * v * v); }

// normal_distribution is Phi(v) = erfc(-v/sqrt(2)) / 2. With z = |v|/sqrt(2), (1 + 2z) exp(z^2) erfc(z) is a polynomial of
// (z-2)/(z+2): the form is that of Shepherd and Laframboise, "Chebyshev approximation of (1+2x)exp(x^2)erfc x in 0 <= x < inf",
// Mathematics of Computation 36 (1981). Its coefficients are Remez's, of the least relative error: 5.4e-8.
chunk normal_distribution(chunk v) {
    chunk z = abs(v) * 0.70710678, q = 1.0 - 4.0 / (z + 2.0);
    chunk p = chunk(0.000155461398);
    p = p * q - 0.000183626906;
    p = p * q - 0.00138272923;
    p = p * q + 0.00104307790;
    p = p * q + 0.00867822901;
    p = p * q - 0.00794266774;
    p = p * q - 0.0542082569;
    p = p * q + 0.164035824;
    p = p * q - 0.166031523;
    p = p * q - 0.0927630808;
    p = p * q + 1.27697840;
    chunk tail = 0.5 * bell(v) * p / (1.0 + 2.0 * z);
    return where_less(v, chunk(0.0), tail, 1.0 - tail);
}

// activated is the function of x. It ends in one place, since it stands in a kernel as often as that has results.
chunk activated(uint function, chunk x) {
    chunk y = x;
    if (function == RELU) y = positive(x);
    else if (function == SILU) y = x * sigmoid(x);
    else if (function == RELU6) y = at_most_six(positive(x));
    else if (function == GELU) y = x * normal_distribution(x);
    else if (function == HARDSWISH) y = x * clamp((x + 3.0) / 6.0, 0.0, 1.0); // 6 x would overflow where x does not
    else if (function == SIGMOID) y = sigmoid(x);
    return y;
}

// slope is the derivative at x, of sigmoid and ReLU by y. 1 - sigmoid(x) is sigmoid(-x).
chunk slope(uint function, chunk v) {
    const chunk zero = chunk(0.0), one = chunk(1.0);
    switch (function) {
    case NONE: return one;
    case RELU: return where_less(zero, v, one, zero);
    case SILU: return sigmoid(v) * (1.0 + v * sigmoid(-v));
    case RELU6: return where_less(zero, v, where_less(v, chunk(6.0), one, zero), zero);
    case GELU: return normal_distribution(v) + v * bell(v) * 0.398942280;
    case HARDSWISH: return where_less(v, chunk(-3.0), zero, where_less(chunk(3.0), v, one, v / 3.0 + 0.5));
    default: return v * (1.0 - v);
    }
}

#endif
