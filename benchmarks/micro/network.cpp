// Uniform random traffic on an 8x8 mesh with one core a tile, under contention, on one processor core: how many link
// events (a packet passing a link) the simulator handles per second. The answer is checked: every packet arrives at its
// target, and the number of link events is the sum of the path lengths.
//   bench_network [--figures]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "benchmarks/micro/figures.hpp"
#include "core/philox.hpp"
#include "simulator/network.hpp"
#include "simulator/routes.hpp"

using namespace tephra;

namespace {

constexpr int side = 8;
constexpr int cores = side * side;
constexpr int packets_per_core = 30'000;
constexpr int repeats = 5;

/// Processor time of this thread: other work on the same computer does not count.
double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Machine mesh_machine() {
    Machine machine;
    machine.mesh.tiles_x = machine.mesh.tiles_y = side;
    machine.mesh.cores_per_tile = 1;
    machine.mesh.hop_x = Picoseconds(4100);  // the times of machines/oheo-gulch.json
    machine.mesh.hop_y = Picoseconds(6500);
    machine.mesh.flit_x = machine.mesh.flit_y = Picoseconds(145);
    machine.mesh.flit_local = Picoseconds(160);
    machine.mesh.buffer_packets = 8;
    return machine;
}

struct Outcome {
    std::int64_t transfers = 0, events = 0;
    std::int64_t end = 0;  ///< simulated time
    double seconds = 0;
};

/// Every core sends `packets_per_core` packets of two flits to random cores, one each `interval` ps if it can.
Outcome run(const Machine& machine, const Topology& topology, std::int64_t interval) {
    RouteTable routes(machine, topology);
    std::vector<std::uint32_t> route(static_cast<std::size_t>(cores * cores));
    std::int64_t expected_transfers = 0;
    for (int a = 0; a < cores; ++a)
        for (int b = 0; b < cores; ++b)
            route[static_cast<std::size_t>(a * cores + b)] =
                routes.add_path(CoreId(a), CoreId(b), static_cast<std::uint32_t>(b));
    std::vector<std::vector<std::uint8_t>> targets(cores);
    for (int a = 0; a < cores; ++a)
        for (int k = 0; k < packets_per_core; ++k) {
            const auto b = static_cast<int>(
                random_words(7, static_cast<std::uint32_t>(a), static_cast<std::uint64_t>(k), 0)[0] % cores);
            targets[static_cast<std::size_t>(a)].push_back(static_cast<std::uint8_t>(b));
            expected_transfers += topology.distance(CoreId(a), CoreId(b)) + 2;
        }

    EventQueue queue;
    PacketPool packets;
    Outbox outbox;
    const ChipLinks links{&machine, &topology, ChipId(0)};
    Network network(links, routes.entries(), queue, packets, outbox);
    std::vector<int> sent(cores, 0);
    std::vector<char> stalled(cores, 0);
    std::vector<std::int64_t> received(cores, 0);
    std::vector<int> core_of(static_cast<std::size_t>(links.count()), -1);
    std::vector<char> ejects(static_cast<std::size_t>(links.count()), 0);
    for (int c = 0; c < cores; ++c) {
        core_of[links.local(topology.inject(CoreId(c)))] = core_of[links.local(topology.eject(CoreId(c)))] = c;
        ejects[links.local(topology.eject(CoreId(c)))] = 1;
        queue.push(interval * c / cores, event_target(ChipEvent::send, static_cast<std::uint32_t>(c)), 0, 0);
    }
    std::int64_t wrong = 0;
    const auto try_send = [&](std::size_t c, std::int64_t now) {
        if (sent[c] == packets_per_core) return;
        const std::uint32_t entry = route[c * cores + targets[c][static_cast<std::size_t>(sent[c])]];
        stalled[c] = !network.can_inject(entry);
        if (stalled[c]) return;
        Packet packet;
        packet.entry = entry;
        packet.flits = 2;
        network.inject(packet, now);
        ++sent[c];
        queue.push(now + interval, event_target(ChipEvent::send, static_cast<std::uint32_t>(c)), 0, 0);
    };

    Outcome result;
    const double start = cpu_seconds();
    Event event;
    while (const std::int64_t handled = network.run(EventQueue::never, EventQueue::never, event)) {
        result.events += handled;
        if (event_kind(event.target) == ChipEvent::send) try_send(event_index(event.target), event.time);
        for (std::size_t k = 0; k < network.woken().size(); ++k) {  // grows while cores take and send
            const std::uint32_t link = network.woken()[k];
            const auto c = static_cast<std::size_t>(core_of[link]);
            if (ejects[link] == 0) {
                if (stalled[c]) try_send(c, event.time);
                continue;
            }
            while (network.front(link) != no_index) {
                const std::uint32_t packet = network.take(link, event.time);
                ++received[c];
                if (routes.entries()[packets[packet].entry].first_child != c) ++wrong;
                packets.release(packet);
            }
        }
        network.woken().clear();
        result.end = event.time;
    }
    result.seconds = cpu_seconds() - start;
    result.transfers = network.transfers();
    std::int64_t arrived = 0;
    for (const std::int64_t n : received) arrived += n;
    if (wrong != 0 || packets.live() != 0 || arrived != std::int64_t{cores} * packets_per_core ||
        result.transfers != expected_transfers) {
        std::fprintf(stderr, "wrong answer: %lld of %d arrived, %lld link events for %lld\n",
                     static_cast<long long>(arrived), cores * packets_per_core,
                     static_cast<long long>(result.transfers), static_cast<long long>(expected_transfers));
        std::exit(1);
    }
    return result;
}

/// Bisection bound of XY routing: half a flit a core and flit time, that is one packet a core in 580 ps.
std::int64_t interval_of(double load) {
    return static_cast<std::int64_t>(580.0 / load);
}

double rate_of(const Outcome& result) {
    return static_cast<double>(result.transfers) / result.seconds * 1e-6;
}

void print_figures(const Machine& machine, const Topology& topology) {
    for (const int percent : {60, 400}) {
        const std::string name = "network, " + std::to_string(percent) + " % of bisection, M link events/s";
        bench::print_figure(name.c_str(), rate_of(run(machine, topology, interval_of(percent / 100.0))));
    }
}

void print_table(const Machine& machine, const Topology& topology) {
    std::printf("uniform random traffic, 8x8 mesh, 2-flit packets, buffers of %d packets, %d packets, median of %d\n",
                machine.mesh.buffer_packets, cores * packets_per_core, repeats);
    std::printf("%-22s %14s %12s %12s %18s %10s\n", "offered load", "flits/core/ns", "link events", "events",
                "M link events/s", "spread");
    for (const double load : {0.3, 0.6, 0.9, 4.0}) {
        std::vector<double> rates;
        Outcome result;
        for (int k = 0; k < repeats; ++k) {
            result = run(machine, topology, interval_of(load));
            rates.push_back(rate_of(result));
        }
        std::sort(rates.begin(), rates.end());
        const double flits = 2.0 * packets_per_core / static_cast<double>(result.end) * 1000;
        std::printf("%4.0f %% of bisection     %14.2f %12lld %12lld %18.2f %5.1f-%.1f\n", 100 * load, flits,
                    static_cast<long long>(result.transfers), static_cast<long long>(result.events),
                    rates[rates.size() / 2], rates.front(), rates.back());
    }
    std::printf("asked: >= 10 M link events/s\n");
}

}  // namespace

int main(int argc, char** argv) {
    const bool figures = argc == 2 && std::strcmp(argv[1], "--figures") == 0;
    if (argc > 1 && !figures) {
        std::fprintf(stderr, "usage: bench_network [--figures]\n");
        return 2;
    }
    const Machine machine = mesh_machine();
    const Topology topology = *Topology::create(machine);
    figures ? print_figures(machine, topology) : print_table(machine, topology);
}
