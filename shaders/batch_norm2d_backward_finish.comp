#version 450
#extension GL_GOOGLE_include_directive : require
// batch_norm2d_backward, second stage:
//   sums[0,c] = dbias[c] = sum over s of parts[s,0,c],  sums[1,c] = dweight[c] = sum over s of parts[s,1,c]
//
//   parts  (S, 2, C)    sums  (2, C)    dweight, dbias  (C)
//
// The sums are written twice: the gradients go to their segments, the next stage wants them in one window.
#include "dispatch.glsl"

layout(constant_id = 1) const uint C = 64;

layout(push_constant) uniform Push { uint S; } push;

layout(std430, binding = 0) readonly  buffer Parts { float parts[]; };
layout(std430, binding = 1) writeonly buffer Sums { float sums[]; };
layout(std430, binding = 2) writeonly buffer DWeight { float dweight[]; };
layout(std430, binding = 3) writeonly buffer DBias { float dbias[]; };

void main() {
    uint c = invocation();
    if (c >= C) return;
    float sum = 0.0, product = 0.0;
    for (uint s = 0u; s < push.S; s++) {
        sum += parts[(2u * s) * C + c];
        product += parts[(2u * s + 1u) * C + c];
    }
    sums[c] = dbias[c] = sum;
    sums[C + c] = dweight[c] = product;
}
