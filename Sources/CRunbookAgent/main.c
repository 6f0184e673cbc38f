// runbook-node: the one program that the lab puts into a practice node.
//
// Called as `runbook-node agent FD` it is pid 1 of the node and does what the lab asks for over FD.
// Called by any other name, or as the interpreter of a script, it is an emulated command: it hands its
// words, folder and descriptors to the lab and ends with the status that the lab answers.
// C, because a command should start in a millisecond and pid 1 must be one thread.
#include "agent.h"
#include "link.h"

#include <string.h>

LINK_ONLY_WHAT_IS_NEEDED

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    if (strcmp(name, "runbook-node") != 0) return client(name, argc - 1, argv + 1);
    if (argc == 3 && strcmp(argv[1], "agent") == 0) return agent(argv[2]);
    // A script of /etc/init.d starts with `#!/opt/lab/runbook-node`: the kernel puts its path first.
    if (argc >= 2 && argv[1][0] == '/') return client(strrchr(argv[1], '/') + 1, argc - 2, argv + 2);
    return 64;
}
