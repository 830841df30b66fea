#version 450
#extension GL_GOOGLE_include_directive : require
// muon, first stage: the momentum, and Nesterov's look ahead (torch.lerp twice)
//   b = MOMENTUM b + GAIN g, where g = clip * gradient;  u = GAIN g + MOMENTUM b
//
//   gradient, moment  (rows, columns); moment holds b
//   tall  (height, width), height >= width, each a multiple of 4: u, or u transposed where rows < columns; zeros around it
//   status  clip factor, not-finite flag
//
// One invocation makes one value; neighbours read neighbours. Nothing is written once a step was not finite.
#include "dispatch.glsl"

layout(constant_id = 1) const float MOMENTUM = 0.95;
layout(constant_id = 2) const float GAIN = 0.05; // 1 - MOMENTUM, taken in float64

layout(push_constant) uniform Push { uint rows, columns, padded, step_row, step_column, count; } push; // padded: columns, as a multiple of 4

layout(std430, binding = 0) readonly  buffer Gradient { float gradient[]; };
layout(std430, binding = 1) readonly  buffer Status { float status[]; };
layout(std430, binding = 2)           buffer Moment { float moment[]; };
layout(std430, binding = 3) writeonly buffer Tall { float tall[]; };

void main() {
    uint i = invocation();
    if (i >= push.count || status[1] != 0.0) return;
    uint row = i / push.padded, column = i % push.padded;
    float u = 0.0;
    if (row < push.rows && column < push.columns) {
        uint at = row * push.columns + column;
        float g = status[0] * gradient[at], b = MOMENTUM * moment[at] + GAIN * g;
        moment[at] = b;
        u = GAIN * g + MOMENTUM * b;
    }
    tall[row * push.step_row + column * push.step_column] = u;
}
