// Pillow's arithmetic on a pixel of three bytes, in whole numbers and in float32 that is rounded after each operation, so that every
// device comes to the same bytes. A pixel is a word: red in the lowest byte, then green, blue and 0.
#ifndef AUGMENT_COLOR_GLSL
#define AUGMENT_COLOR_GLSL

uvec3 unpacked(uint pixel) { return uvec3(pixel, pixel >> 8u, pixel >> 16u) & 255u; }
uint packed(uvec3 v) { return v.x | v.y << 8u | v.z << 16u; }

// blend is a + f (b - a), cut towards zero and clamped.
uvec3 blend(uvec3 a, uvec3 b, float f) {
    precise vec3 v = vec3(a) + f * (vec3(b) - vec3(a)); // precise: no fused multiply-add
    return uvec3(clamp(v, vec3(0.0), vec3(255.0)));
}

// grey is the luma of ITU-R 601 in 16-bit fixed point.
uint grey(uvec3 v) { return (19595u * v.x + 38470u * v.y + 7471u * v.z + 32768u) >> 16u; }

// to_hsv is hue, saturation and value of 8 bits each, fractions cut.
uvec3 to_hsv(uvec3 v) {
    ivec3 c = ivec3(v);
    int most = max(c.x, max(c.y, c.z)), span = most - min(c.x, min(c.y, c.z));
    if (span == 0) return uvec3(0u, 0u, uint(most));
    int sixths = most == c.x ? c.y - c.z : most == c.y ? 2 * span + c.z - c.x : 4 * span + c.x - c.y; // of the circle, times span
    if (sixths < 0) sixths += 6 * span;
    return uvec3(255u * uint(sixths) / uint(6 * span), 255u * uint(span) / uint(most), uint(most));
}

// to_rgb is the way back, rounded: sector k of six, f of 255 into it.
uvec3 to_rgb(uvec3 hsv) {
    uint k = 6u * hsv.x / 255u, f = 6u * hsv.x % 255u, v = hsv.z;
    uvec3 n = v * (65025u - hsv.y * uvec3(255u, f, 255u - f));
    uvec3 pqt = (2u * n + 65025u) / 130050u;
    switch (k % 6u) {
    case 0u: return uvec3(v, pqt.z, pqt.x);
    case 1u: return uvec3(pqt.y, v, pqt.x);
    case 2u: return uvec3(pqt.x, v, pqt.z);
    case 3u: return uvec3(pqt.x, pqt.y, v);
    case 4u: return uvec3(pqt.z, pqt.x, v);
    default: return uvec3(v, pqt.x, pqt.y);
    }
}

#endif
