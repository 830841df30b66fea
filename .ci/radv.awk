# radv.awk LOG... makes a table of what RADV's compiler says (RADV_DEBUG=shaderstats) of the kernels that TestCompile names. Each
# log is a target, by its file's name. Ends with status 1 if a kernel spills registers, or if nothing was said of it.
FNR == 1 {
    name = FILENAME
    gsub(/.*\/|\.log$/, "", name)
    target[++targets] = name
    silent()
}
/^kernel: / {
    silent()
    kernel = substr($0, 9)
    shader = $2
    if (!(shader in lds)) {
        order[++shaders] = shader
        lds[shader] = 0
    }
    if (targets == 1) pipelines[shader]++
}
/^VGPRs:/ { vgprs = $2 }
/^Spilled/ { spilled += $3 } # SGPRs, then VGPRs
/^Scratch size:/ { scratch = $3 }
/^LDS size:/ { shared = $3 }
/^Subgroups per SIMD:/ { waves = $4 }
/^\*\*\*\*/ && kernel != "" { # the end of the statistics
    at = shader SUBSEP targets
    if (vgprs > most[at] + 0) most[at] = vgprs
    if (!(at in least) || waves < least[at]) least[at] = waves
    if (spilled > worst[at] + 0) worst[at] = spilled
    if (shared > lds[shader]) lds[shader] = shared
    if (spilled > 0 || scratch > 0) {
        bad[at]++
        if (spilled >= worst[at]) example[at] = "for one, " kernel ": " spilled " registers, " scratch " bytes of scratch memory"
    }
    kernel = ""
    spilled = 0
}
END {
    silent()
    printf "| VGPRs / waves on a SIMD | pipelines | LDS"
    for (i = 1; i <= targets; i++) printf " | %s", target[i]
    printf " |\n| --- | --- | ---"
    for (i = 1; i <= targets; i++) printf " | ---"
    printf " |\n"
    for (n = 1; n <= shaders; n++) {
        shader = order[n]
        printf "| %s | %d | %d", shader, pipelines[shader], lds[shader]
        for (i = 1; i <= targets; i++) {
            at = shader SUBSEP i
            printf " | %d / %d%s", most[at], least[at], worst[at] ? ", " worst[at] " spilled" : ""
        }
        printf " |\n"
    }
    print ""
    for (i = 1; i <= targets; i++)
        for (n = 1; n <= shaders; n++) {
            at = order[n] SUBSEP i
            if (bad[at]) print "- " target[i] ": " bad[at] " pipelines of " order[n] " spill; " example[at]
            all += bad[at]
        }
    for (n = 1; n <= unsaid; n++) print "- " mute[n]
    if (!shaders) print "- no kernel was compiled"
    else if (!all && !unsaid) print "No kernel spills."
    exit all || unsaid || !shaders
}

# silent notes a kernel that was named without statistics behind it.
function silent() {
    if (kernel != "") mute[++unsaid] = name ": the driver gave no statistics of " kernel
    kernel = ""
    spilled = 0
}
