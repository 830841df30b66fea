#version 450
// blend: y[i] = scale * x[i] + t[i] for vectors of four. All kinds of bindings in one shader; one invocation a vector.

layout(local_size_x = 64) in;
layout(push_constant) uniform Push { uint count; } push; // vectors
layout(std430, binding = 0) readonly buffer X { vec4 x[]; };
layout(std430, binding = 1) writeonly buffer Y { vec4 y[]; };
layout(std140, binding = 2) uniform Scale { float scale; };
layout(binding = 3) uniform samplerBuffer t;

void main() {
  const uint i = gl_GlobalInvocationID.x;
  if (i < push.count) y[i] = scale * x[i] + texelFetch(t, int(i));
}
