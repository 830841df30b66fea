#version 450
#extension GL_GOOGLE_include_directive : require
// running_statistics: statistics = candidates, unless a step was not finite
//
//   candidates, statistics  (COUNT*CHUNK)    status  clip factor, not-finite flag
//
// BatchNorm's running statistics are computed in forward and take effect here, with the parameters.
//
// kernel running_statistics
// kernel running_statistics_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint COUNT = 1;

layout(std430, binding = 0) readonly  buffer Candidates { chunk candidates[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2) writeonly buffer Statistics { chunk statistics[]; };

void main() {
    uint i = invocation();
    if (i < COUNT && status[1] == 0.0) statistics[i] = candidates[i];
}
