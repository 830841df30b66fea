#version 450
// double: x[i] = 2 x[i] for i < count. One invocation an element; the workgroup size is specialization constant 0.

layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { uint count; } push;
layout(std430, binding = 0) buffer X { float x[]; };

void main() {
  const uint i = gl_GlobalInvocationID.x;
  if (i < push.count) x[i] *= 2.0;
}
