// What the kernels of depthwise strips share: the values of a row that the places of a strip see. They are read one by one, or, with TEXEL,
// four at a time from a texel buffer of rows of whole texels.
//
//   #define WIDTH, SEEN, OFFSET  constants: the row's length, how many values are seen, and how many of them before column `base` of look()
//   #define VALUES               the activation, of floats, or with TEXEL of texels (fetch.glsl)
//
// The base is a multiple of four with TEXEL.
#ifndef DEPTHWISE_STRIP_GLSL
#define DEPTHWISE_STRIP_GLSL

#extension GL_EXT_control_flow_attributes : require

float seen[SEEN];

// look reads what is seen of the row that starts at `from`, from column base - OFFSET on; 0 beside the row. Below 0 a column wraps around.
void look(uint from, uint base) {
#ifdef TEXEL
    const uint before = (OFFSET + 3u) / 4u;
    [[unroll]] for (uint t = 0u; t < before + (SEEN - OFFSET + 3u) / 4u; t++) {
        uint texel = base / 4u + t - before;
        vec4 v = FETCH(VALUES, from / 4u + min(texel, WIDTH / 4u - 1u));
        if (texel >= WIDTH / 4u) v = vec4(0.0);
        [[unroll]] for (uint q = 0u; q < 4u; q++) {
            uint e = 4u * t + q + OFFSET - 4u * before;
            if (e < SEEN) seen[e] = v[q];
        }
    }
#else
    [[unroll]] for (uint e = 0u; e < SEEN; e++) {
        uint column = base + e - OFFSET;
        seen[e] = column < WIDTH ? FETCH(VALUES, from + column) : 0.0;
    }
#endif
}

#endif
