// store writes four columns from k on of a row of parts, which has K: those past its end are left out.
#ifndef STORE_COLUMNS_GLSL
#define STORE_COLUMNS_GLSL

void store(uint at, uint k, vec4 v) {
    if (k < K) parts[at] = v.x;
    if (k + 1u < K) parts[at + 1u] = v.y;
    if (k + 2u < K) parts[at + 2u] = v.z;
    if (k + 3u < K) parts[at + 3u] = v.w;
}

#endif
