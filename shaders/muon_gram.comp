#version 450
#extension GL_GOOGLE_include_directive : require
// muon, in each Newton-Schulz step: c[i,j] = SCALE (sum over k of p[k,i] p[k,j]) + ADDED p[i,j], the latter where it is not 0
// The sums are A = X X' of the tall matrix p = X', then b A + c A A of A, which is its own transpose.
//
//   p  (depth, width*4)    c  (width*4, width*4)
//
// One invocation makes 4 x 4 values, of two vec4s from each row of p: neighbours read neighbours. No shared memory and no barrier, which
// are what costs on CPU drivers.
#include "dispatch.glsl"

layout(constant_id = 1) const float SCALE = 1.0;
layout(constant_id = 2) const float ADDED = 0.0;

layout(push_constant) uniform Push { uint depth, width; } push;

layout(std430, binding = 0) readonly  buffer P { vec4 p[]; };
layout(std430, binding = 1) writeonly buffer C { vec4 c[]; };

void main() {
    uint n = invocation(), width = push.width;
    if (n >= width * width) return;
    uint i = n / width, j = n % width;
    vec4 sum0 = vec4(0.0), sum1 = vec4(0.0), sum2 = vec4(0.0), sum3 = vec4(0.0);
    for (uint k = 0u; k < push.depth; k++) {
        vec4 a = p[k * width + i], b = p[k * width + j];
        sum0 += a.x * b;
        sum1 += a.y * b;
        sum2 += a.z * b;
        sum3 += a.w * b;
    }
    uint at = 4u * i * width + j;
    if (ADDED == 0.0) {
        c[at] = SCALE * sum0;
        c[at + width] = SCALE * sum1;
        c[at + 2u * width] = SCALE * sum2;
        c[at + 3u * width] = SCALE * sum3;
        return;
    }
    c[at] = SCALE * sum0 + ADDED * p[at];
    c[at + width] = SCALE * sum1 + ADDED * p[at + width];
    c[at + 2u * width] = SCALE * sum2 + ADDED * p[at + 2u * width];
    c[at + 3u * width] = SCALE * sum3 + ADDED * p[at + 3u * width];
}
