#version 450
#extension GL_GOOGLE_include_directive : require
// probe_copy_texel: y = x, with x in a texel buffer, which CPU drivers load faster. See probe_copy.
//
//   x  (count*RUN) texels    y  (count*RUN) vec4
#include "dispatch.glsl"

layout(constant_id = 1) const uint RUN = 1;

layout(push_constant) uniform Push { uint count; } push;

layout(std430, binding = 0) writeonly buffer Y { vec4 y[]; };
layout(binding = 1) uniform samplerBuffer x;

void main() {
    uint i = invocation();
    if (i >= push.count) return;
    for (uint k = 0u; k < RUN; k++) y[i * RUN + k] = texelFetch(x, int(i * RUN + k));
}
