using System.Runtime.InteropServices;
using System.Text;

namespace Studio.Engine.Torch;

/// <summary>Gradient checkpointing.</summary>
public static unsafe partial class torch
{
    /// <summary>torch.utils.</summary>
    public static class utils
    {
        /// <summary>
        /// Runs a function without keeping what its backward pass needs, but for its inputs: that pass runs it again. The gradients are
        /// those of the function itself, bit for bit where its operators repeat their bits. As PyTorch's torch.utils.checkpoint.
        /// </summary>
        /// <param name="function">Gives the same for the same inputs, and changes neither them nor what it captures.</param>
        /// <param name="inputs">Kept until the graph is freed.</param>
        /// <param name="parameters">Every leaf that the function reads besides its inputs and that may ask for gradients; borrowed until the graph is freed.</param>
        /// <returns>The function's results, in the caller's scope.</returns>
        public static Tensor[] checkpoint(Func<Tensor[], Tensor[]> function, Tensor[] inputs, IEnumerable<Tensor> parameters)
        {
            ArgumentNullException.ThrowIfNull(function);
            ArgumentNullException.ThrowIfNull(inputs);
            Tensor[] trained = [.. parameters.Where(p => p.requires_grad)];
            if (!is_grad_enabled() || (trained.Length == 0 && !inputs.Any(i => i.requires_grad))) return function(inputs);

            using var scope = NewDisposeScope();
            var saved = new Recomputation(function, inputs, trained);
            Tensor[] outputs;
            using (var forward = NewDisposeScope())
            {
                // With gradients on, although the graph is thrown away at once: without, other kernels would give other bits.
                outputs = Array.ConvertAll(function(saved.Leaves()), o => forward.MoveToOuter(o.detach()));
            }

            var context = GCHandle.ToIntPtr(GCHandle.Alloc(saved));
            fixed (nint* i = Handles([.. inputs, .. trained]), o = Handles(outputs))
            {
                if (Native.studio_t_recomputed(i, inputs.Length + trained.Length, o, outputs.Length, &Recompute, &Drop, (void*)context) != 0)
                {
                    Drop((nint)context);
                    TorchException.ThrowIfFailed(-1);
                }
            }

            return Array.ConvertAll(outputs, scope.MoveToOuter);
        }
    }

    [UnmanagedCallersOnly]
    private static int Recompute(void* context, nint* gradients, int count, nint* results, int capacity, byte* text, int bytes)
    {
        try
        {
            using var scope = NewDisposeScope();
            using var on = enable_grad(); // backward passes run with it off
            var given = new Tensor?[count];
            for (var k = 0; k < count; k++) given[k] = Tensor.OwnOrNull(gradients[k]);
            var found = ((Recomputation)GCHandle.FromIntPtr((nint)context).Target!).Backward(given);
            for (var k = 0; k < capacity; k++) results[k] = found[k] is { } gradient ? Native.studio_t_retain(gradient.Handle) : 0;
            return 0;
        }
        catch (Exception e) when (bytes > 0) // whatever it is: it must not cross the native frames
        {
            Encoding.UTF8.TryGetBytes(e.Message.AsSpan(0, Math.Min(e.Message.Length, (bytes / 3) - 1)), new Span<byte>(text, bytes - 1), out var written);
            text[written] = 0;
            return -1;
        }
    }

    [UnmanagedCallersOnly]
    private static void Drop(void* context) => Drop((nint)context);

    private static void Drop(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        ((Recomputation)handle.Target!).Dispose();
        handle.Free();
    }

    /// <summary>What a recomputed function needs once more.</summary>
    private sealed class Recomputation : IDisposable
    {
        private readonly Func<Tensor[], Tensor[]> _function;
        private readonly Tensor[] _inputs, _trained;
        private readonly bool[] _wanted;

        public Recomputation(Func<Tensor[], Tensor[]> function, Tensor[] inputs, Tensor[] trained)
        {
            (_function, _trained) = (function, trained);
            _inputs = Array.ConvertAll(inputs, i => i.detach().DetachFromDisposeScope());
            _wanted = Array.ConvertAll(inputs, i => i.requires_grad);
        }

        /// <summary>The inputs as leaves of a graph of their own.</summary>
        public Tensor[] Leaves() => [.. _inputs.Select((input, k) => input.detach().requires_grad_(_wanted[k]))];

        /// <summary>One entry for each input, then for each trained tensor.</summary>
        public Tensor?[] Backward(Tensor?[] gradients)
        {
            var leaves = Leaves();
            var outputs = _function(leaves);
            int[] reached = [.. Enumerable.Range(0, outputs.Length).Where(k => gradients[k] is not null && outputs[k].requires_grad)];
            var asked = leaves.Where(l => l.requires_grad).Concat(_trained).ToArray();
            var found = reached.Length == 0 || asked.Length == 0 ? new Tensor?[asked.Length]
                : autograd_grad([.. reached.Select(k => outputs[k])], asked, [.. reached.Select(k => gradients[k]!)], allow_unused: true);
            var at = 0;
            return [.. _wanted.Select(w => w ? found[at++] : null), .. found.Skip(_wanted.Count(w => w))];
        }

        public void Dispose()
        {
            foreach (var input in _inputs) input.Dispose();
        }
    }
}
