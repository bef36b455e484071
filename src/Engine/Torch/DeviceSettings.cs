namespace Studio.Engine.Torch;

/// <summary>What <c>--device</c> and <c>--dtype</c> mean on this machine.</summary>
/// <param name="Device">Where tensors live.</param>
/// <param name="Dtype">The type of activations and cache.</param>
/// <remarks>
/// <c>auto</c> takes the first card where libtorch sees one, else the CPU. On a card it computes in bf16: the published
/// models were trained in it, and its range never overflows as fp16's can. On the CPU it computes in fp32, which is the
/// reference; also where the CPU multiplies bf16 five times faster (AMX), because the same question should have the same
/// answer on every CPU. Ask for bf16 by name to have the speed.
/// </remarks>
public sealed record DeviceSettings(Device Device, ScalarType Dtype)
{
    /// <summary>Resolves both settings against the loaded libtorch.</summary>
    /// <exception cref="ArgumentException">An unknown word, a card that is not there, or a type the device has no operators for.</exception>
    public static DeviceSettings Resolve(string device, string dtype) =>
        Resolve(device, dtype, torch.device_count(DeviceType.CUDA), IsCudaBuild(torch.BuildConfiguration));

    /// <param name="cards">Cards that libtorch can use.</param>
    /// <param name="cudaBuild">Whether this libtorch was built for CUDA, which decides the remedy where there are none.</param>
    /// <inheritdoc cref="Resolve(string, string)"/>
    public static DeviceSettings Resolve(string device, string dtype, int cards, bool cudaBuild)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(dtype);
        var resolved = device == "auto" ? (cards > 0 ? new(DeviceType.CUDA, 0) : Device.CPU) : ParseDevice(device);
        if (!resolved.IsCpu && resolved.Index >= cards) throw new ArgumentException(Missing(resolved, cards, cudaBuild));
        var type = dtype switch
        {
            "auto" => resolved.IsCpu ? ScalarType.Float32 : ScalarType.BFloat16,
            "fp32" => ScalarType.Float32,
            "bf16" => ScalarType.BFloat16,
            "fp16" => ScalarType.Float16,
            _ => throw new ArgumentException($"unknown type '{dtype}'; use auto, fp32, bf16 or fp16"),
        };
        return type == ScalarType.Float16 && resolved.IsCpu
            ? throw new ArgumentException("fp16 is for CUDA cards: on the CPU libtorch has no half-precision products; use fp32, or bf16 on a CPU with AMX")
            : new(resolved, type);
    }

    /// <summary>Whether a libtorch that describes itself so was built for CUDA: only then it names a CUDA run time.</summary>
    public static bool IsCudaBuild(string buildConfiguration)
    {
        ArgumentNullException.ThrowIfNull(buildConfiguration);
        return buildConfiguration.Contains("CUDA Runtime", StringComparison.Ordinal);
    }

    public override string ToString() => $"{Device}, {Dtype.ShortName()}";

    private static Device ParseDevice(string text)
    {
        try
        {
            return Device.Parse(text);
        }
        catch (ArgumentException)
        {
            throw new ArgumentException($"unknown device '{text}'; use auto, cpu, cuda or cuda:N");
        }
    }

    private static string Missing(Device wanted, int cards, bool cudaBuild) => cards switch
    {
        > 0 => $"{wanted} does not exist: libtorch sees {cards} card{(cards == 1 ? "" : "s")}, cuda:0 to cuda:{cards - 1}",
        _ when cudaBuild => $"{wanted} was asked for, but libtorch sees no card although it is built for CUDA; check that nvidia-smi lists one and that CUDA_VISIBLE_DEVICES does not hide it, or use --device cpu",
        _ => $"{wanted} was asked for, but this libtorch is built for the CPU only; set TORCH_DIR to one built for CUDA (such as a pip-installed torch folder) and build again, or use --device cpu",
    };
}
