#version 450
#extension GL_GOOGLE_include_directive : require
// dropout2d_mask: of every mask of a list, mask[n,c] = 0 with probability p, else 1/(1-p)
//
//   random   seed, step, place of the batch's first sample in the global batch
//   mask     (N, C), somewhere in one window
//   records  first one for each workgroup: where those of its mask begin, its first image and its first channel; then of each mask two:
//              C, where it begins, LAYER, THRESHOLD = floor(p * 2^24)
//              1/(1-p)
//
// The draw is Philox with key (seed, LAYER) and counter (step, sample, channel, 0): no state, so a step
// can be run again. A channel stays where the draw's upper 24 bits reach THRESHOLD. An invocation draws one channel of up to IMAGES images.
#include "dispatch.glsl"
#include "philox.glsl"

layout(constant_id = 1) const uint IMAGES = 8;

layout(push_constant) uniform Push { uint N, groups; } push;

layout(std430, binding = 0) readonly  buffer Records { uvec4 records[]; };
layout(std430, binding = 1) writeonly buffer Mask { float mask[]; };
layout(std140, binding = 2) uniform Random { uvec4 random; };

void main() {
    if (group() >= push.groups) return;
    uvec4 record = records[group()], of = records[record.x];
    float scale = uintBitsToFloat(records[record.x + 1u].x);
    uint c = record.z + gl_LocalInvocationIndex;
    if (c >= of.x) return;
    for (uint n = record.y; n < min(record.y + IMAGES, push.N); n++) {
        uvec4 draw = philox(uvec4(random.y, random.z + n, c, 0u), uvec2(random.x, of.z));
        mask[of.y + n * of.x + c] = draw.x >> 8u >= of.w ? scale : 0.0;
    }
}
