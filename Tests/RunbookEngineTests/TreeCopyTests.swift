import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookTestSupport
import RunbookText
import Testing

@testable import RunbookEngine

/// A folder that is copied: the scripts really run by the shells of the hosts, the rest worked out as a run does.
@Suite struct TreeCopyTests {
    static let every = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })

    /// Files of a tree by name; a name that ends in a slash is a folder, one with an arrow a link.
    struct Content {
        var files: [String: [UInt8]]
        var executable: Set<String> = []
        var isFolder = true

        var tree: LocalTree {
            let files = files
            var entries: [LocalTree.Entry] = []
            for (name, bytes) in files {
                if name.hasSuffix("/") {
                    entries.append(LocalTree.Entry(String(name.dropLast()), .folder))
                } else if let arrow = name.firstRange(of: " -> ") {
                    entries.append(
                        LocalTree.Entry(
                            String(name[..<arrow.lowerBound]), .link(to: String(name[arrow.upperBound...]))))
                } else {
                    let file = LocalTree.File(
                        size: bytes.count, digest: sha256(bytes).hex, isExecutable: executable.contains(name))
                    entries.append(LocalTree.Entry(name, .file(file)))
                }
            }
            entries.sort { $0.name < $1.name }
            return LocalTree(entries, isFolder: isFolder) { (name, offset, count) throws(StagingProblem) in
                guard let bytes = files[name] else { throw StagingProblem("there is no \(name)") }
                return Array(bytes[offset..<min(offset + count, bytes.count)])
            }
        }
    }

    /// A host, and a step that copies a tree there.
    struct Scene {
        let host: HostFolder
        let path: String
        var content: Content
        var change: @Sendable (inout CopyAction) -> Void = { _ in }

        init(_ shell: [String], _ content: Content, at name: String = "it's an app") throws {
            host = try HostFolder(shell)
            path = host.path(name)
            self.content = content
        }

        var context: UnitContext {
            var copy = CopyAction(
                source: content.isFolder ? .folder(path: "files/app") : .file(path: "files/app"),
                path: Template(path))
            change(&copy)
            var plan = Plan(Step("s") { $0.action = .copy(copy) })
            plan.trees = ["files/app": content.tree]
            return UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:])
        }

        /// What the step comes to after a look at the host.
        func acting() throws -> Acting {
            let context = context
            var files: [String: HostFile?] = [:]
            for (name, script) in try context.surveys() {
                let found = try host.run(script)
                #expect(found.status == 0 && found.errors == "", "\(found)")
                files[name] = HostFile(bytes: [UInt8](found.output.utf8), mode: 0, owner: "", path: name)
            }
            return try #require(try context.acting(on: files))
        }

        /// Puts what is staged onto the host and runs the script.
        func put(_ acting: Acting) throws -> CommandResult {
            let staged = try #require(acting.staged)
            var bytes: [UInt8] = []
            // In parts that end anywhere.
            while bytes.count < staged.length { bytes += try staged.read(bytes.count, 70_001) }
            #expect(bytes.count == staged.length)
            try writeFile(host.folder.file("run/\(staged.name)"), bytes)
            return try host.run(acting.script)
        }

        /// Mode, name and content of all below the folder.
        func found() throws -> [String] {
            let script =
                "cd \"$1\"; find . -printf '%m %P %l|\\n' | sort -k2; find . -type f ! -size +9k -exec sh -c 'for f; do echo \"$f: $(cat \"$f\")\"; done' sh {} + | sort"
            return try runChecked(["sh", "-c", script, "sh", path]).split(separator: "\n").map(String.init)
        }
    }

    static let quiet = CommandResult(status: 0, output: "", errors: "")

    static let app = Content(
        files: [
            "app.conf": [UInt8]("port 1\n".utf8), "bin/": [], "bin/run me": every, "conf.d/": [],
            "conf.d/empty": [], "current -> conf.d": [], "leer/": [],
        ], executable: ["bin/run me"])

    @Test(arguments: HostFolder.shells)
    func aTreeArrivesByteForByteAndThenThereIsNothingToDo(_ shell: [String]) throws {
        let scene = try Scene(shell, Self.app)
        let acting = try scene.acting()
        #expect(acting.isInPlace == false)
        let path = scene.path
        #expect(
            acting.differences(hiding: .init()).map(\.difference) == [
                """
                + \(path)/ (new)
                + \(path)/app.conf (new, 7 bytes)
                + \(path)/bin/ (new)
                + \(path)/bin/run me (new, 200000 bytes)
                + \(path)/conf.d/ (new)
                + \(path)/conf.d/empty (new, 0 bytes)
                + \(path)/current -> conf.d (new)
                + \(path)/leer/ (new)

                """
            ])
        #expect(try scene.put(acting) == Self.quiet)
        #expect(
            try scene.found() == [
                "755  |", "644 app.conf |", "755 bin |", "755 bin/run me |", "755 conf.d |",
                "644 conf.d/empty |",
                "777 current conf.d|", "755 leer |", "./app.conf: port 1", "./conf.d/empty: ",
            ])
        #expect(try readFile("\(path)/bin/run me") == Self.every)
        // Nothing of the work stays, and only what undo needs is kept.
        #expect(try scene.host.names(in: "run") == ["s.a.0.before.1.tree"])
        let again = try scene.acting()
        #expect(again.isInPlace == true)
        #expect(again.acts == acting.acts)
    }

    @Test(arguments: HostFolder.shells)
    func whatTheHostHasBesidesStaysAndWhatIsThereKeepsModeAndOwner(_ shell: [String]) throws {
        var scene = try Scene(shell, Self.app)
        #expect(try scene.put(try scene.acting()) == Self.quiet)
        let path = scene.path
        try writeFile("\(path)/own", [UInt8]("mine".utf8))
        try runChecked(["chmod", "600", "\(path)/app.conf"])
        try runChecked(["chmod", "700", "\(path)/conf.d"])
        scene.content.files["app.conf"] = [UInt8]("port 2\n".utf8)
        scene.content.files["current -> conf.d"] = nil
        scene.content.files["current -> bin"] = []
        let acting = try scene.acting()
        #expect(
            acting.differences(hiding: .init()).map(\.difference) == [
                "~ \(path)/app.conf (other content)\n~ \(path)/current (leads to bin instead of conf.d)\n"
            ])
        // Only what is missing is sent.
        #expect((acting.staged?.length ?? 0) < 1000)
        #expect(try scene.put(acting) == Self.quiet)
        #expect(
            try scene.found() == [
                "755  |", "600 app.conf |", "755 bin |", "755 bin/run me |", "700 conf.d |",
                "644 conf.d/empty |",
                "777 current bin|", "755 leer |", "600 own |", "./app.conf: port 2", "./conf.d/empty: ",
                "./own: mine",
            ])
        // A mode that the step names is wanted of files that are there as well.
        scene.change = { $0.mode = 0o640 }
        let modes = try scene.acting()
        #expect(
            modes.differences(hiding: .init()).map(\.difference) == [
                """
                ~ \(path)/app.conf (mode 640 instead of 600)
                ~ \(path)/bin/run me (mode 750 instead of 755)
                ~ \(path)/conf.d/empty (mode 640 instead of 644)

                """
            ])
        #expect(try scene.put(modes) == Self.quiet)
        #expect(try scene.acting().isInPlace == true)
    }

    @Test(arguments: HostFolder.shells)
    func somethingOfAnotherKindIsRefused(_ shell: [String]) throws {
        let scene = try Scene(shell, Self.app)
        try runChecked(["mkdir", "-p", "\(scene.path)/app.conf"])
        #expect(
            throws: EngineProblem(
                "\(scene.path)/app.conf is a folder there and a file here: nothing was written")
        ) {
            try scene.acting()
        }
        let onto = try Scene(shell, Self.app)
        try writeFile(onto.path, [1])
        #expect(throws: EngineProblem("\(onto.path) is not a folder")) { try onto.acting() }
    }

    @Test(arguments: HostFolder.shells)
    func whatHasChangedSinceOrArrivedDamagedIsNotPutInPlace(_ shell: [String]) throws {
        let scene = try Scene(shell, Self.app)
        let acting = try scene.acting()
        try runChecked(["mkdir", scene.path])
        try writeFile("\(scene.path)/app.conf", [UInt8]("somebody's".utf8))
        let changed = try scene.put(acting)
        #expect(
            changed
                == CommandResult(
                    status: 75, output: "",
                    errors: "\(scene.path) has changed since it was read: nothing was written\n"))
        #expect(try scene.found() == ["755  |", "600 app.conf |", "./app.conf: somebody's"])

        let fresh = try Scene(shell, Self.app)
        let other = try fresh.acting()
        let staged = try #require(other.staged)
        var bytes = try staged.read(0, staged.length)
        bytes[bytes.count - 5] ^= 1
        try writeFile(fresh.host.folder.file("run/\(staged.name)"), bytes)
        let damaged = try fresh.host.run(other.script)
        #expect(damaged.status == 76)
        #expect(damaged.errors.hasSuffix("did not arrive as it was read: nothing was put in place\n"))
        #expect(
            try fresh.found() == ["755  |", "755 bin |", "755 conf.d |", "755 leer |"],
            "only folders may be there")
        // It is sent anew the next time.
        #expect(try fresh.host.names(in: "run") == ["s.a.0.before.1.tree"])
        #expect(try fresh.put(try fresh.acting()) == Self.quiet)
    }

    /// Killed at each file that takes its place, every file is the old one or the new one; the next attempt brings
    /// only the rest.
    @Test(arguments: HostFolder.shells)
    func killedAnywhereEachFileIsTheOldOneOrTheNewOne(_ shell: [String]) throws {
        let names = ["a", "b", "c", "d"]
        for count in 1...names.count {
            var scene = try Scene(
                shell, Content(files: Dictionary(uniqueKeysWithValues: names.map { ($0, Array("old".utf8)) }))
            )
            #expect(try scene.put(try scene.acting()) == Self.quiet)
            for name in names { scene.content.files[name] = Array("new \(name)".utf8) }
            let whole = try #require(try scene.acting().staged).length
            let mv = scene.host.folder.file("bin/mv")
            try writeFile(
                mv,
                Array(
                    "#!/bin/sh\necho x >>\(mv).n\n[ $(wc -l <\(mv).n) -lt \(count) ] || kill -9 $PPID\nexec /bin/mv \"$@\"\n"
                        .utf8))
            try runChecked(["chmod", "755", mv])
            #expect(try scene.put(try scene.acting()).status == 137)
            try runChecked(["rm", mv])
            // The one whose mv outlived the shell may still be under way.
            for _ in 0..<100 where try readFile("\(scene.path)/\(names[count - 1])") == Array("old".utf8) {
                try runChecked(["sleep", "0.01"])
            }
            for (number, name) in names.enumerated() {
                let expected = number < count ? "new \(name)" : "old"
                #expect(try readFile("\(scene.path)/\(name)") == Array(expected.utf8), "\(count) \(name)")
            }
            let rest = try scene.acting()
            #expect(rest.tree?.orders.map(\.name) ?? [] == names.dropFirst(count).map { "./\($0)" })
            if count < names.count {
                #expect((rest.staged?.length ?? 0) < whole)
                #expect(try scene.put(rest) == Self.quiet)
            }
            #expect(try scene.host.names(in: "etc/it's an app") == names)
            // All of it is taken back, what both attempts brought.
            #expect(try scene.host.run(try scene.context.restoreScript()).status == 0)
        }
    }

    @Test(arguments: HostFolder.shells)
    func allIsTakenBackUnlessSomebodyChangedIt(_ shell: [String]) throws {
        var scene = try Scene(shell, Self.app)
        let path = scene.path
        try runChecked(["mkdir", path])
        try writeFile("\(path)/app.conf", Array("before".utf8))
        try runChecked(["chmod", "640", "\(path)/app.conf"])
        try writeFile("\(path)/own", Array("mine".utf8))
        let before = try scene.found()
        #expect(try scene.put(try scene.acting()) == Self.quiet)
        scene.content.files["app.conf"] = Array("third".utf8)
        scene.change = { $0.mode = 0o600 }
        #expect(try scene.put(try scene.acting()) == Self.quiet)
        let undo = try scene.context.restoreScript()
        try writeFile("\(path)/app.conf", Array("somebody's".utf8))
        let refused = try scene.host.run(undo)
        #expect(
            refused
                == CommandResult(
                    status: 75, output: "",
                    errors:
                        "\(path)/app.conf has changed since this run wrote it\nall of it was left as it is\n")
        )
        try writeFile("\(path)/app.conf", Array("third".utf8))
        #expect(try scene.host.run(undo) == Self.quiet)
        #expect(try scene.found() == before)
        #expect(try scene.host.names(in: "run") == [])
        // And once more there is nothing to take back.
        #expect(try scene.host.run(undo) == Self.quiet)
    }

    /// A long file goes the same way: its link is followed, it is judged before it is in place.
    @Test(arguments: HostFolder.shells)
    func aLongFileIsPutInPlaceLikeAShortOne(_ shell: [String]) throws {
        var scene = try Scene(shell, Content(files: ["": Self.every], isFolder: false), at: "link")
        try runChecked(["ln", "-s", "really here", scene.path])
        try writeFile(scene.host.path("really here"), Array("old".utf8))
        try runChecked(["chmod", "751", scene.host.path("really here")])
        scene.change = { $0.validate = Template("test $(wc -c <%s) = 200000") }
        #expect(try scene.put(try scene.acting()) == Self.quiet)
        #expect(try readFile(scene.host.path("really here")) == Self.every)
        #expect(try scene.host.stat(scene.host.path("really here")).hasPrefix("751 "))
        #expect(try runChecked(["readlink", scene.path]) == "really here\n")
        #expect(try scene.acting().isInPlace == true)
        scene.content.files[""] = Array("short".utf8)
        let refused = try scene.put(try scene.acting())
        #expect(refused.status == 1)
        #expect(try readFile(scene.host.path("really here")) == Self.every)
        #expect(try scene.host.names(in: "etc") == ["link", "really here"])
    }

    @Test func theHashTellsContentsNamesAndModes() throws {
        var hashes: Set<String> = []
        let changes: [(inout Content) -> Void] = [
            { _ in }, { $0.files["app.conf"] = [1] }, { $0.files["new"] = [] }, { $0.executable = [] },
            { $0.files["leer/"] = nil },
            {
                $0.files["current -> conf.d"] = nil
                $0.files["current -> bin"] = []
            },
        ]
        for change in changes {
            var scene = try Scene(["dash"], Self.app)
            scene.change = { $0.path = Template("/etc/app") }
            change(&scene.content)
            #expect(hashes.insert(try #require(try scene.context.actsHash())).inserted)
        }
    }
}
