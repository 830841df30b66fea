// Values of 16 bits, float16 or bfloat16, two in a word, the first in its lower half. They are packed and unpacked by whole-number
// arithmetic, since Vulkan leaves it to drivers how they round to 16 bits and whether they keep subnormal numbers: rounded
// is to the nearest, of two to the one whose last bit is 0; beyond the largest number is infinity; NaN stays NaN.
#ifndef HALF_GLSL
#define HALF_GLSL

layout(constant_id = 31) const uint TYPE = 0;
const uint FLOAT16 = 0u, BFLOAT16 = 1u;

// widened is the float32 of patterns. float16's subnormal numbers are multiples of 2^-24.
vec4 widened(uvec4 h) {
    if (TYPE == BFLOAT16) return uintBitsToFloat(h << 16u);
    uvec4 magnitude = h & 0x7fffu, normal = (magnitude << 13u) + (112u << 23u);
    uvec4 small = mix(uvec4(0u), floatBitsToUint(vec4(magnitude)) - (24u << 23u), notEqual(magnitude, uvec4(0u)));
    uvec4 bits = mix(normal, small, lessThan(magnitude, uvec4(0x400u)));
    bits = mix(bits, normal + (112u << 23u), greaterThanEqual(magnitude, uvec4(0x7c00u))); // infinite, or NaN
    return uintBitsToFloat(bits | (h & 0x8000u) << 16u);
}

// to_even shifts right and rounds.
uvec4 to_even(uvec4 v, uvec4 shift) { return v + ((uvec4(1u) << (shift - 1u)) - 1u) + (v >> shift & 1u) >> shift; }

// narrowed is the patterns of values. float16's subnormal numbers are what is left of the mantissa, the hidden bit with it.
uvec4 narrowed(vec4 v) {
    uvec4 bits = floatBitsToUint(v), magnitude = bits & 0x7fffffffu, h;
    if (TYPE == BFLOAT16) {
        h = mix(to_even(magnitude, uvec4(16u)), uvec4(0x7fc0u), greaterThan(magnitude, uvec4(0x7f800000u)));
    } else {
        uvec4 normal = to_even(magnitude - (112u << 23u), uvec4(13u));
        uvec4 small = to_even(magnitude & 0x7fffffu | 0x800000u, min(126u - min(magnitude >> 23u, 125u), uvec4(25u)));
        h = mix(normal, small, lessThan(magnitude, uvec4(0x38800000u)));                 // below 2^-14
        h = mix(h, uvec4(0x7c00u), greaterThanEqual(magnitude, uvec4(0x477ff000u)));     // from 65520 on
        h = mix(h, uvec4(0x7e00u), greaterThan(magnitude, uvec4(0x7f800000u)));
    }
    return h | bits >> 16u & 0x8000u;
}

vec4 decoded(uvec2 words) { return widened(uvec4(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u)); }
uvec2 encoded(vec4 v) {
    uvec4 h = narrowed(v);
    return uvec2(h.x | h.y << 16u, h.z | h.w << 16u);
}

// Of a single value, number i: it shares a word with its neighbour.
float decoded(uint word, uint i) { return widened(uvec4(word >> 16u * (i & 1u) & 0xffffu)).x; }
uint encoded(float v) { return narrowed(vec4(v)).x; }

vec4 rounded(vec4 v) { return widened(narrowed(v)); }
float rounded(float v) { return rounded(vec4(v)).x; }

#endif
