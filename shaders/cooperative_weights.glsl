// How weights come into a tile of cooperative matrices: packed[.., k, ROWS], float32 that has been rounded to float16. Of a slice, an invocation brings
// a vec4 of each of four neighbouring k, and turns them around.
#ifndef COOPERATIVE_WEIGHTS_GLSL
#define COOPERATIVE_WEIGHTS_GLSL

const uint QUADS = ROWS / 4u;
const uint TALL = ROWS / 64u;

// Places 4*place() on of the slice, of rows 4*quad() on.
uint place() { return gl_LocalInvocationID.x / 16u; }
uint quad() { return gl_LocalInvocationID.x % 16u; }

// exactly is encoded of what is float16 already, so that nothing is left to be rounded.
uvec2 exactly(vec4 v) {
    uvec4 bits = floatBitsToUint(v), magnitude = bits & 0x7fffffffu, h = (magnitude >> 13u) - (112u << 10u);
    h = mix(h, h - (112u << 10u), greaterThanEqual(magnitude, uvec4(0x7f800000u)));      // infinite, or NaN
    h = mix(h, uvec4(abs(v) * 16777216.0), lessThan(magnitude, uvec4(0x38800000u)));     // below 2^-14, in multiples of 2^-24
    h |= bits >> 16u & 0x8000u;
    return uvec2(h.x | h.y << 16u, h.z | h.w << 16u);
}

// PUT_WEIGHTS puts brought[4*i + d], place d of the i-th 64 rows, into left.
#define PUT_WEIGHTS(side, brought) \
    [[unroll]] for (uint i = 0u; i < TALL; i++) \
        [[unroll]] for (uint e = 0u; e < 4u; e++) \
            left[(side * ROWS + i * 64u + 4u * quad() + e) * PITCH + place()] = \
                halves(exactly(vec4(brought[4u * i][e], brought[4u * i + 1u][e], brought[4u * i + 2u][e], brought[4u * i + 3u][e])));

#endif
