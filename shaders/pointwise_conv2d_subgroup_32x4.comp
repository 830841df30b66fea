#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d by subgroups, in tiles of 32 rows x 4 pixels; the included file says more.
#define ROWS 32
#define DEPTH 8
#define TEXELS 1
#include "pointwise_conv2d_subgroup.glsl"
