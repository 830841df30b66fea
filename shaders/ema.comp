#version 450
#extension GL_GOOGLE_include_directive : require
// ema: average = decay * average + (1 - decay) * model, unless a step was not finite;
// GAIN = 1 - decay is taken in float64, where it does not carry the rounding of decay
//
//   model, average  (COUNT*CHUNK): parameters and BatchNorm statistics    status  clip factor, not-finite flag
//
// kernel ema
// kernel ema_any: SCALAR
#include "dispatch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint COUNT = 1;
layout(constant_id = 2) const float GAIN = 0.005;

layout(std430, binding = 0) readonly  buffer Model { chunk model[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2)           buffer Average { chunk average[]; };

void main() {
    uint i = invocation();
    if (i < COUNT && status[1] == 0.0) average[i] += GAIN * (model[i] - average[i]);
}
