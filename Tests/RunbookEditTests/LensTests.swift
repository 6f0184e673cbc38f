import Testing

@testable import RunbookEdit

@Suite struct LensTests {
    @Test(arguments: [
        ("/etc/pve/cluster.conf", "Xml.lns"),
        ("/etc/pve/cluster.conf.new", "Xml.lns"),
        ("/srv/x.xml", "Xml.lns"),
        ("/etc/hosts", "Hosts.lns"),
        ("/etc/default/grub", "Shellvars.lns"),
        ("/etc/ssh/sshd_config", "Sshd.lns"),
        ("/etc/motd", nil),
    ])
    func isChosenByPath(_ path: String, _ lens: String?) {
        #expect(EditLens.forFile(path) == lens)
    }

    @Test(arguments: [
        ("xml", "Xml.lns"), ("Hosts", "Hosts.lns"), ("shellvars", "Shellvars.lns"),
        ("Shellvars_list.lns", "Shellvars_list.lns"), ("sshd.lns", "Sshd.lns"),
    ])
    func isNamedByTheRunbook(_ name: String, _ lens: String) throws {
        #expect(try EditLens.named(name) == lens)
    }

    @Test(arguments: ["", ".", "a.b.c", "../x", "hosts lns", "x."])
    func strangeNamesAreRefused(_ name: String) {
        #expect(throws: EditProblem.self) { try EditLens.named(name) }
    }

    @Test func unknownLensIsSaidShort() {
        let edit = StructuredEdit(lens: "nosuch", ensure: ["/a"])
        #expect(
            problem(FileEdit(path: "/etc/motd", change: .structured(edit)), "x\n")?.description
                == "Augeas has no lens `Nosuch.lns`: is the package augeas-lenses whole?")
        let nameless = StructuredEdit(ensure: ["/a"])
        #expect(
            problem(FileEdit(path: "/etc/motd", change: .structured(nameless)), "x\n")?.description
                == "no lens is known for /etc/motd: name one with `lens:`")
    }

    @Test func shellVariableIsSetAndTheRestStays() throws {
        let old = "# sourced by init scripts\nSTART=\"no\"  # really\nOPTS='-v'"
        let edit = StructuredEdit(
            set: [.init(path: "/START", value: "\"yes\""), .init(path: "/FENCE_JOIN", value: "\"yes\"")],
            remove: ["/OPTS"])
        #expect(
            try edited(old, edit, path: "/etc/default/x")
                == "# sourced by init scripts\nSTART=\"yes\"  # really\nFENCE_JOIN=\"yes\"\n")
    }

    @Test func hostIsAddedOnce() throws {
        let old = "127.0.0.1 localhost\n192.168.0.11 pve1.lan pve1\n"
        let edit = StructuredEdit(set: [
            .init(path: "/seq::*[ipaddr='192.168.0.12']/ipaddr", value: "192.168.0.12"),
            .init(path: "/seq::*[ipaddr='192.168.0.12']/canonical", value: "pve2"),
        ])
        #expect(try edited(old, edit, path: "/etc/hosts") == old + "192.168.0.12\tpve2\n")
    }

    @Test func addressOfAKnownHostIsChanged() throws {
        let edit = StructuredEdit(set: [.init(path: "/*[canonical='pve1']/ipaddr", value: "10.0.0.1")])
        #expect(
            try edited("127.0.0.1 localhost\n10.9.9.9   pve1\n", edit, path: "/etc/hosts")
                == "127.0.0.1 localhost\n10.0.0.1   pve1\n")
    }

    @Test func numberGoesUpOnlyWithAnotherChange() throws {
        let edit = StructuredEdit(
            set: [.init(path: "/A", value: "2")], increment: ["/SERIAL"])
        #expect(try edited("SERIAL=7\nA=1\n", edit, path: "/etc/default/x") == "SERIAL=8\nA=2\n")
        #expect(try edited("SERIAL=7\nA=2\n", edit, path: "/etc/default/x") == "SERIAL=7\nA=2\n")
    }

    @Test(arguments: [
        ("/01/canonical", EditProblem.Code.unwritable),
        ("A", .badPath),
        ("//A", .badPath),
        ("/@A", .badPath),
        ("/a[", .badPath),
        ("/*/canonical", .ambiguous),
    ])
    func isRefused(_ path: String, _ code: EditProblem.Code) {
        let edit = StructuredEdit(set: [.init(path: path, value: "x")])
        let text = "127.0.0.1 localhost\n127.0.1.1 pve1\n"
        #expect(problem(FileEdit(path: "/etc/hosts", change: .structured(edit)), text)?.code == code)
    }

    @Test func editThatWouldGrowWithEveryRunIsRefused() {
        let edit = StructuredEdit(set: [.init(path: "/1/alias[last()+1]", value: "x")])
        let file = FileEdit(path: "/etc/hosts", change: .structured(edit))
        #expect(problem(file, "127.0.0.1 localhost\n")?.code == .unstable)
    }
}
