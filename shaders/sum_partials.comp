#version 450
#extension GL_GOOGLE_include_directive : require
// sum_partials: of every gradient of a list, y[i] = parts[0,i] + parts[1,i] + ... + parts[S-1,i], in that order
//
//   parts    (S, count*CHUNK) of each gradient, somewhere in one window    y  (count*CHUNK) of each, likewise
//   records  one for each workgroup: where its first values lie in parts and in y, count, and S * 128 + how many of a workgroup's
//            teams have work; the first two counted in chunks
//
// The second stage of every gradient that is summed over images and pixels: the fixed order makes
// a step repeat to the bit without float atomics. One team sums CHUNK neighbours. A workgroup has one gradient, so its invocations look
// for nothing.
//
// kernel sum_partials
// kernel sum_partials_any: SCALAR
// kernel sum_partials_texel: TEXEL
#include "fetch.glsl"
#include "chunk.glsl"

layout(constant_id = 1) const uint TEAM = 1;
#define SUMMED chunk
#include "team.glsl"

layout(push_constant) uniform Push { uint groups; } push;

layout(std430, binding = 0) readonly  buffer Records { uvec4 records[]; };
layout(std430, binding = 1) writeonly buffer Y { chunk y[]; };
FLOATS(2, Parts, parts);

void main() {
    if (group() >= push.groups) return;
    uvec4 record = records[group()];
    uint i = gl_LocalInvocationIndex / TEAM, S = record.w >> 7u;
    bool works = i < (record.w & 127u);
    if (!works && TEAM == 1u) return;
    chunk sum = chunk(0.0);
    for (uint s = works ? lane() : S; s < S; s += TEAM) sum += READ(parts, record.x + s * record.z + i);
    sum = team_sum(sum);
    if (works && lane() == 0u) y[record.y + i] = sum;
}
