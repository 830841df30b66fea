#version 450
#extension GL_GOOGLE_include_directive : require
// pack_weights: of every weight of a list, packed[m/R, k, t, m%R] = w[m,k,t] * scale[m], or, TURNED, w[k,m,TAPS-1-t] * scale[m]; 0 for m >= M or
// k >= K. scale is 1, or with FOLDED that of a batch_norm2d_eval behind the convolution, which then has a bias:
//   scale[m] = gamma[m] / sqrt(var[m] + eps),  bias[m] = beta[m] - mean[m] * scale[m], or, BIASED, beta[m] + (b[m] - mean[m]) * scale[m]
// With PLAIN the weight stays in its order: packed[m,t] = w[m,t] * scale[m].
//
//   w        somewhere in one window: (M, K, TAPS), or TURNED (K, M, TAPS); gamma, beta, mean, var, b  (M), likewise
//   packed   (ceil(M/R), COLUMNS, TAPS, R), COLUMNS >= K, R a power of two from 4 on, or (M, TAPS); behind others in one window
//   records  first one for each workgroup: where those of its weight begin, and its sliver m/R and first column, or with PLAIN its first row;
//            then of each weight two or with FOLDED four:
//              M, K, TAPS, COLUMNS
//              where w begins, where packed begins in vec4s, log2(R/4), flags: 1 TURNED, 2 FOLDED, 4 BIASED, 8 PLAIN, 16 TEXELS, 32 SPREAD, 64 ROUNDED
//              where gamma, beta, mean and var begin
//              eps, where b begins, where bias begins
//
// R rows side by side are what a tile of a product reads for one k, whatever M and K are; turned around, a weight makes the gradient by the
// input, at stride 1, out of that by the output as a convolution makes its output. Weights change every step and are small beside the
// activations, so they are packed anew each time, all at once. With HALF a weight is ROUNDED that is multiplied with activations of 16 bits.
//
// A workgroup takes the rows of a sliver and as many columns as it has invocations for. An invocation moves all taps of four rows and one column;
// with SPREAD one of the taps, the columns of the records being columns and taps, so that a GPU has enough of them; with TEXELS, which is for TAPS 1, M and K multiples of 4, four rows and four columns, four texels in and four vec4s out. With PLAIN
// a workgroup takes 64 rows.
//
// kernel pack_weights
// kernel pack_weights_texel: TEXEL
#include "dispatch.glsl"
#ifdef HALF
#include "half.glsl"
#endif

layout(push_constant) uniform Push { uint groups; } push;

layout(std430, binding = 0) readonly  buffer Records { uvec4 records[]; };
layout(std430, binding = 1) readonly  buffer Weights { float w[]; };
layout(std430, binding = 2) writeonly buffer Packed { vec4 packed[]; };
layout(std430, binding = 3) writeonly buffer Values { float values[]; }; // the same window
#ifdef TEXEL
layout(binding = 4) uniform samplerBuffer texels; // that of w
#endif

const uint TURNED = 1u, FOLDED = 2u, BIASED = 4u, PLAIN = 8u, TEXELS = 16u, SPREAD = 32u;

uvec4 shape, place, norm, rest; // of the weight

bool is(uint flag) { return (place.w & flag) != 0u; }

#ifdef HALF
const uint ROUNDED = 64u;
vec4 stored(vec4 v) { return is(ROUNDED) ? rounded(v) : v; }
#else
#define stored(v) (v)
#endif

// scale is that of a row; a row past the end has none.
float scale(uint m) {
    return m < shape.x ? w[norm.x + m] * (1.0 / sqrt(w[norm.w + m] + uintBitsToFloat(rest.x))) : 0.0;
}

float bias(uint m, float scale) {
    float shift = w[norm.y + m], mean = w[norm.z + m];
    return is(BIASED) ? shift + (w[rest.y + m] - mean) * scale : shift - mean * scale;
}

float tap(uint m, uint k, uint t) {
    if (m >= shape.x || k >= shape.y) return 0.0;
    return is(TURNED) ? w[place.x + (k * shape.x + m) * shape.z + shape.z - 1u - t] : w[place.x + (m * shape.y + k) * shape.z + t];
}

#ifdef TEXEL
// texel is four neighbours of row i of the weight as it lies, 0 past the end.
vec4 texel(uint i, uint j) {
    uint rows = is(TURNED) ? shape.y : shape.x, columns = is(TURNED) ? shape.x : shape.y;
    return i < rows && j < columns ? texelFetch(texels, int((place.x + i * columns + j) / 4u)) : vec4(0.0);
}
#endif

void main() {
    if (group() >= push.groups) return;
    uvec4 record = records[group()];
    shape = records[record.x];
    place = records[record.x + 1u];
    if (is(FOLDED)) {
        norm = records[record.x + 2u];
        rest = records[record.x + 3u];
    }
    uint id = gl_LocalInvocationIndex;
    if (is(PLAIN)) {
        uint m = record.y + id;
        if (m >= shape.x) return;
        float by = scale(m);
        for (uint t = 0u; t < shape.z; t++) values[place.y * 4u + m * shape.z + t] = w[place.x + m * shape.z + t] * by;
        values[rest.z + m] = bias(m, by);
        return;
    }
    uint quads = 1u << place.z, columns = uint(findMSB(gl_WorkGroupSize.x)) - place.z; // the latter's logarithm
    uint q = is(TURNED) ? id & (quads - 1u) : id >> columns, k = is(TURNED) ? id >> place.z : id & ((1u << columns) - 1u);
    uint m = (record.y * quads + q) * 4u;
    vec4 by = vec4(1.0);
    if (is(FOLDED)) {
        by = vec4(scale(m), scale(m + 1u), scale(m + 2u), scale(m + 3u));
        if (k == 0u && record.z == 0u) {
            for (uint i = 0u; i < 4u; i++) if (m + i < shape.x) values[rest.z + m + i] = bias(m + i, by[i]);
        }
    }
#ifdef TEXEL
    if (is(TEXELS)) {
        k = record.z + k * 4u;
        if (k >= shape.w) return;
        mat4 square; // one column of four rows to a vec4
        if (is(TURNED)) {
            square = mat4(texel(k, m), texel(k + 1u, m), texel(k + 2u, m), texel(k + 3u, m));
        } else {
            square = transpose(mat4(texel(m, k), texel(m + 1u, k), texel(m + 2u, k), texel(m + 3u, k)));
        }
        uint to = place.y + ((record.y * shape.w + k) << place.z) + q;
        packed[to] = stored(square[0] * by);
        packed[to + quads] = stored(square[1] * by);
        packed[to + 2u * quads] = stored(square[2] * by);
        packed[to + 3u * quads] = stored(square[3] * by);
        return;
    }
#endif
    k += record.z;
    if (is(SPREAD)) {
        if (k >= shape.w * shape.z) return;
        packed[place.y + ((record.y * shape.w * shape.z + k) << place.z) + q] =
            stored(vec4(tap(m, k / shape.z, k % shape.z), tap(m + 1u, k / shape.z, k % shape.z), tap(m + 2u, k / shape.z, k % shape.z), tap(m + 3u, k / shape.z, k % shape.z)) * by);
        return;
    }
    if (k >= shape.w) return;
    uint to = place.y + (((record.y * shape.w + k) * shape.z) << place.z) + q;
    for (uint t = 0u; t < shape.z; t++) {
        packed[to + (t << place.z)] = stored(vec4(tap(m, k, t), tap(m + 1u, k, t), tap(m + 2u, k, t), tap(m + 3u, k, t)) * by);
    }
}
