// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: language mode 6, strict memory safety, warnings as errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// For the two C products that run inside practice nodes, where there are no Swift libraries: SwiftPM links
/// every product with swiftc, which would put Swift's start-up object into them (see also their `link.h`).
let noSwiftStart: [LinkerSetting] = [.unsafeFlags(["-nostartfiles"])]

/// A room of the house. Its `uses` are the only arrows that leave it: docs/architecture.md draws them.
func room(
    _ name: String, uses: [String], products: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: uses.map { .target(name: $0) } + products, resources: resources,
        swiftSettings: strict)
}

/// The tests of a room: they may use the room, what it uses, and the shared test support.
func tests(
    of name: String, uses: [String] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: ([name, "RunbookTestSupport"] + uses).map { .target(name: $0) },
        exclude: exclude, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "runbook",
    products: [
        .executable(name: "runbook", targets: ["runbook"]),
        // Both are found beside `runbook` and are put into practice nodes: pid 1 and the emulated commands,
        // and what is preloaded there (docs/decisions/0002).
        .executable(name: "runbook-node", targets: ["CRunbookAgent"]),
        .library(name: "RunbookNode", type: .dynamic, targets: ["CRunbookPreload"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // C libraries of the system, and the shims that Swift cannot do without.
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLibSSH", pkgConfig: "libssh", providers: [.apt(["libssh-dev"])]),
        .systemLibrary(
            name: "CLibAugeas", pkgConfig: "augeas", providers: [.apt(["libaugeas-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CRunbookSSH", dependencies: ["CLibSSH"]),
        .target(name: "CRunbookLab"),
        .target(name: "CRunbookFiles"),
        .executableTarget(name: "CRunbookAgent", linkerSettings: noSwiftStart),
        .target(name: "CRunbookPreload", linkerSettings: noSwiftStart),

        // Rooms without a runbook in them.
        room("RunbookText", uses: []),
        room("RunbookFiles", uses: ["CRunbookFiles"]),
        room("RunbookDigest", uses: ["CLibCrypto"]),
        room("RunbookTerminal", uses: ["RunbookText"]),
        room("RunbookDiagnostics", uses: ["RunbookText"]),
        room("RunbookYAML", uses: ["CLibYAML", "RunbookDiagnostics"]),
        room("RunbookEdit", uses: ["CLibAugeas", "RunbookText"]),
        room("RunbookJournal", uses: ["RunbookFiles", "RunbookDigest"]),

        // What a runbook is, how its text becomes one, how it reaches a host, how it runs.
        room("RunbookModel", uses: ["RunbookText"]),
        room("RunbookLanguage", uses: ["RunbookYAML", "RunbookDiagnostics", "RunbookModel", "RunbookText"]),
        room("RunbookTransport", uses: ["RunbookModel"]),
        room(
            "RunbookSupervisor", uses: ["RunbookTransport", "RunbookModel", "RunbookText"],
            resources: [.embedInCode("supervisor.sh")]),
        room(
            "RunbookSSH",
            uses: [
                "RunbookTransport", "RunbookModel", "RunbookText", "CRunbookSSH", "CLibSSH", "CLibCrypto",
            ]),
        room(
            "RunbookEngine",
            uses: [
                "RunbookSupervisor", "RunbookJournal", "RunbookEdit", "RunbookTransport", "RunbookModel",
                "RunbookText", "RunbookDigest",
            ]),
        room(
            "RunbookLab",
            uses: [
                "RunbookYAML", "RunbookDiagnostics", "RunbookFiles", "RunbookText", "CRunbookSSH",
                "CLibSSH", "CRunbookLab",
            ]),
        room(
            "RunbookCLI",
            uses: [
                "RunbookText", "RunbookFiles", "RunbookDigest", "RunbookTerminal", "RunbookDiagnostics",
                "RunbookYAML", "RunbookEdit", "RunbookJournal", "RunbookModel", "RunbookLanguage",
                "RunbookTransport", "RunbookSupervisor", "RunbookSSH", "RunbookEngine", "RunbookLab",
            ],
            products: [.product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(
            name: "runbook", dependencies: ["RunbookCLI"], swiftSettings: strict),

        // Tests. HouseTests keep the scripts and the pages for people true.
        .testTarget(
            name: "HouseTests",
            dependencies: ["RunbookTestSupport", "RunbookLanguage", "RunbookModel", "RunbookDiagnostics"],
            swiftSettings: strict),
        .target(name: "RunbookTestSupport", path: "Tests/Support", swiftSettings: strict),
        tests(of: "RunbookText"),
        tests(of: "RunbookFiles"),
        tests(of: "RunbookDigest"),
        tests(of: "RunbookTerminal"),
        tests(of: "RunbookDiagnostics"),
        tests(of: "RunbookYAML", uses: ["RunbookDiagnostics"]),
        tests(of: "RunbookEdit"),
        tests(of: "RunbookJournal", uses: ["RunbookFiles", "RunbookDigest"]),
        tests(of: "RunbookModel"),
        tests(
            of: "RunbookLanguage", uses: ["RunbookYAML", "RunbookDiagnostics", "RunbookModel"],
            exclude: ["Mistakes", "Sites", "Warnings"]),
        tests(of: "RunbookTransport", uses: ["RunbookModel"]),
        tests(of: "RunbookSupervisor", uses: ["RunbookTransport", "RunbookModel", "RunbookText"]),
        tests(of: "RunbookSSH", uses: ["RunbookTransport", "RunbookModel", "CLibSSH"]),
        tests(
            of: "RunbookEngine",
            uses: [
                "RunbookSupervisor", "RunbookJournal", "RunbookTransport", "RunbookModel", "RunbookFiles",
            ], exclude: ["Golden"]),
        tests(of: "RunbookLab"),
        .testTarget(
            name: "EndToEndTests", dependencies: ["runbook", "RunbookLab", "RunbookTestSupport"],
            swiftSettings: strict),
    ]
)

// script/test builds the simulation for release, and of the package only what that needs.
if let only = Context.environment["RUNBOOK_ONLY_TESTS"] {
    var needed: Set = [only], open = [only]
    while let name = open.popLast() {
        for case .targetItem(let used, _) in package.targets.first(where: { $0.name == name })?.dependencies
            ?? []
        where needed.insert(used).inserted {
            open.append(used)
        }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}
