// The sum of a chunk, and ReLU on each of its values.
#ifndef CHUNK_GLSL
#define CHUNK_GLSL

#include "width.glsl"

// total is the sum of a chunk; positive is ReLU on each, which keeps NaN: max() and v <= 0.0 would leave that to the compiler (see
// finite.glsl). As an integer everything from -0 to -infinity lies below the NaNs of that sign, which lie below 0.
#define MINUS_INFINITY int(0xff800000u)
#ifdef SCALAR
float total(float v) { return v; }
float positive(float v) { return floatBitsToInt(v) <= MINUS_INFINITY ? 0.0 : v; }
#else
float total(vec4 v) { return (v.x + v.y) + (v.z + v.w); }
vec4 positive(vec4 v) { return mix(v, vec4(0.0), lessThanEqual(floatBitsToInt(v), ivec4(MINUS_INFINITY))); }
#endif

#endif
