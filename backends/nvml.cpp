#include "backends/nvml.hpp"

#include <dlfcn.h>

#include <cstddef>
#if __has_include(<nvml.h>)
#include <nvml.h>
#endif

namespace tephra {
namespace {

// The parts of nvml.h that are used here (NVML API reference), so that a build without the CUDA toolkit measures too.
using Handle = struct Device*;
constexpr int success = 0;
constexpr int sm_clock = 1, memory_clock = 2, gpu_temperature = 0;
constexpr unsigned instant_power_field = 186;

struct FieldValue {
    unsigned field = 0, scope = 0;
    long long timestamp = 0, latency = 0;
    int type = 0, status = 0;
    union {
        unsigned number;
        unsigned long long wide;
    } value{};
};

#if __has_include(<nvml.h>)
// Where the toolkit is, the copy is compared with it.
static_assert(success == NVML_SUCCESS && sm_clock == NVML_CLOCK_SM && memory_clock == NVML_CLOCK_MEM);
static_assert(gpu_temperature == NVML_TEMPERATURE_GPU && instant_power_field == NVML_FI_DEV_POWER_INSTANT);
static_assert(sizeof(FieldValue) == sizeof(nvmlFieldValue_t) && sizeof(Handle) == sizeof(nvmlDevice_t));
static_assert(offsetof(FieldValue, field) == offsetof(nvmlFieldValue_t, fieldId));
static_assert(offsetof(FieldValue, status) == offsetof(nvmlFieldValue_t, nvmlReturn));
static_assert(offsetof(FieldValue, value) == offsetof(nvmlFieldValue_t, value));
#endif

}  // namespace

struct Nvml::Library {
    void* object = nullptr;
    Handle device = nullptr;
    int (*initialise)() = nullptr;
    int (*shut_down)() = nullptr;
    int (*device_by_bus_id)(const char*, Handle*) = nullptr;
    int (*total_energy)(Handle, unsigned long long*) = nullptr;
    int (*power_usage)(Handle, unsigned*) = nullptr;
    int (*field_values)(Handle, int, FieldValue*) = nullptr;
    int (*clock)(Handle, int, unsigned*) = nullptr;
    int (*temperature)(Handle, int, unsigned*) = nullptr;
    int (*driver_version)(char*, unsigned) = nullptr;
    bool running = false;

    Library() = default;
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() {
        if (running) static_cast<void>(shut_down());
        if (object != nullptr) static_cast<void>(dlclose(object));
    }

    template <typename Function>
    bool find(const char* name, Function& function) const {
        function = reinterpret_cast<Function>(dlsym(object, name));
        return function != nullptr;
    }
    bool find_all() {
        return find("nvmlInit_v2", initialise) && find("nvmlShutdown", shut_down) &&
               find("nvmlDeviceGetHandleByPciBusId_v2", device_by_bus_id) &&
               find("nvmlDeviceGetTotalEnergyConsumption", total_energy) &&
               find("nvmlDeviceGetPowerUsage", power_usage) && find("nvmlDeviceGetFieldValues", field_values) &&
               find("nvmlDeviceGetClockInfo", clock) && find("nvmlDeviceGetTemperature", temperature) &&
               find("nvmlSystemGetDriverVersion", driver_version);
    }
};

Nvml::Nvml(std::unique_ptr<Library> library) : library_(std::move(library)) {}
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;
Nvml::~Nvml() = default;

Result<Nvml> Nvml::open(const std::string& bus_id) {
    auto library = std::make_unique<Library>();
    library->object = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (library->object == nullptr || !library->find_all())
        return fail(ErrorCode::device, "NVIDIA's management library is not here", "libnvidia-ml.so.1",
                    "it comes with the driver; energy can only be measured on a machine with an NVIDIA GPU");
    if (library->initialise() != success) return fail(ErrorCode::device, "cannot start", "libnvidia-ml.so.1");
    library->running = true;
    unsigned long long energy = 0;
    if (library->device_by_bus_id(bus_id.c_str(), &library->device) != success)
        return fail(ErrorCode::device, "no GPU at " + bus_id, "libnvidia-ml.so.1");
    if (library->total_energy(library->device, &energy) != success)
        return fail(ErrorCode::device, "this GPU has no energy counter", "libnvidia-ml.so.1",
                    "Volta and later have one");
    return Nvml(std::move(library));
}

std::string Nvml::driver() const {
    char text[96] = "";
    return library_->driver_version(text, sizeof text) == success ? text : "unknown";
}

double Nvml::joules() const {
    unsigned long long millijoules = 0;
    static_cast<void>(library_->total_energy(library_->device, &millijoules));
    return 1e-3 * static_cast<double>(millijoules);
}

double Nvml::watts() const {
    FieldValue field;
    field.field = instant_power_field;
    if (library_->field_values(library_->device, 1, &field) == success && field.status == success)
        return 1e-3 * field.value.number;
    unsigned milliwatts = 0;
    return library_->power_usage(library_->device, &milliwatts) == success ? 1e-3 * milliwatts : 0;
}

int Nvml::clock_mhz() const {
    unsigned mhz = 0;
    return library_->clock(library_->device, sm_clock, &mhz) == success ? static_cast<int>(mhz) : 0;
}

int Nvml::memory_clock_mhz() const {
    unsigned mhz = 0;
    return library_->clock(library_->device, memory_clock, &mhz) == success ? static_cast<int>(mhz) : 0;
}

int Nvml::celsius() const {
    unsigned degrees = 0;
    return library_->temperature(library_->device, gpu_temperature, &degrees) == success ? static_cast<int>(degrees)
                                                                                         : 0;
}

}  // namespace tephra
