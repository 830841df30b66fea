#version 450
#extension GL_GOOGLE_include_directive : require
// dropout2d_mask: mask[n,c] = 0 with probability p, else 1/(1-p)
//
//   random  seed, step, place of the batch's first sample in the global batch
//   mask    (N, C)
//
// The draw is Philox with key (seed, LAYER) and counter (step, sample, channel, 0): no state, so a step
// can be run again. A channel stays where the draw's upper 24 bits reach THRESHOLD = floor(p * 2^24).
#include "dispatch.glsl"
#include "philox.glsl"

layout(constant_id = 1) const uint C = 64;
layout(constant_id = 2) const uint LAYER = 0;
layout(constant_id = 3) const uint THRESHOLD = 0;
layout(constant_id = 4) const float SCALE = 1.0;

layout(push_constant) uniform Push { uint count; } push; // N*C

layout(std430, binding = 0) writeonly buffer Mask { float mask[]; };
layout(std140, binding = 1) uniform Random { uvec4 random; };

void main() {
    uint id = invocation();
    if (id >= push.count) return;
    uvec4 draw = philox(uvec4(random.y, random.z + id / C, id % C, 0u), uvec2(random.x, LAYER));
    mask[id] = draw.x >> 8u >= THRESHOLD ? SCALE : 0.0;
}
