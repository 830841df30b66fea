#version 450
#extension GL_GOOGLE_include_directive : require
// muon, last stage: p = p (1 - lr DECAY) - lr gain tall (Jordan 2024; Newton-Schulz has made tall of the momentum, see muon_momentum)
//
//   p  (rows, columns)    tall  as muon_momentum lays it out
//   gain  sqrt(max(1, rows/columns))    status  clip factor, not-finite flag    rates  lr
//
// One invocation makes one parameter. Nothing is written once a step was not finite.
#include "dispatch.glsl"

layout(constant_id = 1) const float DECAY = 0.0;

layout(push_constant) uniform Push { uint columns, step_row, step_column, count; float gain; } push;

layout(std430, binding = 0) readonly  buffer Tall { float tall[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2)           buffer Parameters { float parameters[]; };
layout(std140, binding = 3) uniform Rates { vec4 rates; };

void main() {
    uint i = invocation();
    if (i >= push.count || status[1] != 0.0) return;
    float u = tall[i / push.columns * push.step_row + i % push.columns * push.step_column];
    parameters[i] = parameters[i] - rates.x * (DECAY * parameters[i] + push.gain * u);
}
