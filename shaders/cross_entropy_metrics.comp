#version 450
#extension GL_GOOGLE_include_directive : require
// cross_entropy, second stage: metrics[i] = sum over n of samples[i,n], in the order of n
//
//   samples  (3, N)    metrics  (4): loss, top-1, top-5, 0
//
// One team a metric. An invocation's sum is compensated (Kahan), so that one by itself is as exact as its terms.
#include "finite.glsl"

layout(constant_id = 1) const uint TEAM = 1;
#define SUMMED float
#include "team.glsl"

layout(push_constant) uniform Push { uint N; } push;

layout(std430, binding = 0) readonly  buffer Samples { float samples[]; };
layout(std430, binding = 1) writeonly buffer Metrics { float metrics[]; };

void main() {
    uint i = team();
    if (i >= 4u && TEAM == 1u) return;
    precise float sum = 0.0, lost = 0.0;
    for (uint n = lane(); n < (i < 3u ? push.N : 0u); n += TEAM) {
        precise float term = samples[i * push.N + n] - lost, next = sum + term;
        lost = finite(next) ? (next - sum) - term : 0.0;
        sum = next;
    }
    sum = team_sum(sum);
    if (i < 4u && lane() == 0u) metrics[i] = sum;
}
