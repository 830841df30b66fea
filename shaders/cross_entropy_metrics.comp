#version 450
#extension GL_GOOGLE_include_directive : require
// cross_entropy, second stage: metrics[i] = sum over n of samples[i,n], in the order of n
//
//   samples  (3, N)    metrics  (4): loss, top-1, top-5, 0
//
// One invocation a metric. The sum is compensated (Kahan), so that it is as exact as its terms.
#include "dispatch.glsl"
#include "finite.glsl"

layout(push_constant) uniform Push { uint N; } push;

layout(std430, binding = 0) readonly  buffer Samples { float samples[]; };
layout(std430, binding = 1) writeonly buffer Metrics { float metrics[]; };

void main() {
    uint i = invocation();
    if (i >= 4u) return;
    precise float sum = 0.0, lost = 0.0;
    for (uint n = 0u; n < (i < 3u ? push.N : 0u); n++) {
        precise float term = samples[i * push.N + n] - lost, next = sum + term;
        lost = finite(next) ? (next - sum) - term : 0.0;
        sum = next;
    }
    metrics[i] = sum;
}
