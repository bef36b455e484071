using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Torch;

public sealed class DeviceSettingsTests
{
    [Theory]
    [InlineData("auto", "auto", 0, "cpu, fp32")]
    [InlineData("auto", "auto", 2, "cuda:0, bf16")]
    [InlineData("cpu", "auto", 2, "cpu, fp32")]
    [InlineData("cpu", "bf16", 0, "cpu, bf16")]
    [InlineData("cuda", "fp32", 1, "cuda:0, fp32")]
    [InlineData("cuda:1", "fp16", 2, "cuda:1, fp16")]
    public void Resolve_KnownWords_GivesDeviceAndType(string device, string dtype, int cards, string expected) =>
        Assert.Equal(expected, DeviceSettings.Resolve(device, dtype, cards, cudaBuild: cards > 0).ToString());

    [Theory]
    [InlineData("tpu", "auto", 0, false, "unknown device 'tpu'; use auto")]
    [InlineData("cuda:x", "auto", 1, true, "unknown device 'cuda:x'")]
    [InlineData("cpu", "int8", 0, false, "unknown type 'int8'; use auto")]
    [InlineData("cuda", "auto", 0, false, "set TORCH_DIR")] // the build is at fault
    [InlineData("cuda", "auto", 0, true, "nvidia-smi")] // the machine is
    [InlineData("cuda:2", "auto", 2, true, "libtorch sees 2 cards, cuda:0 to cuda:1")]
    [InlineData("cuda:1", "auto", 1, true, "libtorch sees 1 card,")]
    [InlineData("cpu", "fp16", 0, false, "fp16 is for CUDA cards")]
    [InlineData("auto", "fp16", 0, false, "fp16 is for CUDA cards")]
    public void Resolve_Impossible_SaysWhyAndWhatToDo(string device, string dtype, int cards, bool cudaBuild, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => DeviceSettings.Resolve(device, dtype, cards, cudaBuild)).Message, StringComparison.Ordinal);

    [Fact]
    public void Resolve_LoadedLibtorch_AutoAgreesWithItsCards() =>
        Assert.Equal(!torch.cuda_is_available(), DeviceSettings.Resolve("auto", "auto").Device.IsCpu);

    [Theory]
    [InlineData("PyTorch built with:\n  - USE_CUDA=0", false)]
    [InlineData("PyTorch built with:\n  - CUDA Runtime 12.4\n", true)]
    public void IsCudaBuild_BuildText_AsksForTheRunTime(string text, bool expected) => Assert.Equal(expected, DeviceSettings.IsCudaBuild(text));
}
