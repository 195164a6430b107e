using System.Buffers.Binary;
using Dlrm.Checkpoints;
using Dlrm.Interop.Pickle;

namespace Dlrm.Interop.PyTorch;

/// <summary>
/// What a PyTorch file may name: storages and tensors, OrderedDict, numpy's scalars. Each is made here, by our own code.
/// </summary>
internal sealed class TorchFactory(string source) : IPickleFactory
{
    private static readonly Dictionary<string, TensorType> StorageTypes = new(StringComparer.Ordinal)
    {
        ["FloatStorage"] = TensorType.F32,
        ["DoubleStorage"] = TensorType.F64,
        ["HalfStorage"] = TensorType.F16,
        ["BFloat16Storage"] = TensorType.BF16,
        ["LongStorage"] = TensorType.I64,
        ["IntStorage"] = TensorType.I32,
        ["ShortStorage"] = TensorType.I16,
        ["CharStorage"] = TensorType.I8,
        ["ByteStorage"] = TensorType.U8,
        ["BoolStorage"] = TensorType.Bool,
    };

    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter", "torch.Size", "torch.device", "numpy.dtype", "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar", "_codecs.encode",
    };

    private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);

    /// <summary>Every storage that was named, by key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    public bool Knows(PickleGlobal name)
        => Functions.Contains(name.FullName) || (name.Module == "torch" && StorageTypes.ContainsKey(name.Name));

    public object? Call(PickleGlobal function, PickleTuple arguments)
    {
        IReadOnlyList<object?> a = arguments.Items;
        return function.FullName switch
        {
            "collections.OrderedDict" when a.Count == 0 => new PickleDictionary { IsOrdered = true },
            "collections.OrderedDict" when a is [PickleList pairs] => OrderedPairs(pairs),
            "torch._utils._rebuild_tensor" when a is [TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides]
                => Tensor(storage, offset, shape, strides),
            "torch._utils._rebuild_tensor_v2" when a is [TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides, bool, ..]
                => Tensor(storage, offset, shape, strides),
            "torch._utils._rebuild_parameter" when a is [TorchTensor tensor, bool, ..] => tensor,
            "torch.Size" when a is [PickleTuple shape] => shape,
            "torch.device" when a.Count is 1 or 2 && a[0] is string device => device,
            "numpy.dtype" when a.Count >= 1 && a[0] is string code => new NumpyType(code),
            "numpy.core.multiarray.scalar" or "numpy._core.multiarray.scalar" when a is [NumpyType type, byte[] bytes]
                => type.Read(bytes) ?? throw Refuse(function, "a scalar of another type than an integer or a float"),
            "_codecs.encode" when a is [string text, "latin1"] && text.All(letter => letter <= 0xFF)
                => text.Select(letter => (byte)letter).ToArray(),
            _ => throw Refuse(function, "arguments that it does not take here"),
        };
    }

    public bool Build(object target, object? state)
    {
        if (target is not NumpyType type || state is not PickleTuple { Items: [long, string order, ..] })
        {
            return false;
        }

        type.IsBigEndian = order == ">";
        return true;
    }

    public object? LoadPersistent(object? identity)
    {
        if (identity is not PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long elements, ..] } tuple
            || (tuple.Items.Count > 5 && tuple.Items[5] is not null)
            || !StorageTypes.TryGetValue(type.Name, out TensorType elementType)
            || elements is < 0 or > 1L << 48)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{source}: the pickle refers to something that is no storage.");
        }

        var storage = new TorchStorage(key, elementType, elements);
        if (_storages.TryGetValue(key, out TorchStorage? known) && known != storage)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{source}: storage '{key}' is said to be {known} and {storage}.");
        }

        _storages[key] = storage;
        return storage;
    }

    private RefusedFileException Refuse(PickleGlobal function, string what)
        => new(RefusalReason.ForbiddenCall, $"{source}: the pickle calls {function.FullName} with {what}.");

    private PickleDictionary OrderedPairs(PickleList pairs)
    {
        var dictionary = new PickleDictionary { IsOrdered = true };
        foreach (object? pair in pairs.Items)
        {
            (object? key, object? value) = pair switch
            {
                PickleTuple { Items: [var first, var second] } => (first, second),
                PickleList { Items: [var first, var second] } => (first, second),
                _ => (null, null),
            };
            if (key is not (string or long))
            {
                throw new RefusedFileException(RefusalReason.Damaged, $"{source}: an OrderedDict has an item that is no pair.");
            }

            dictionary.Set(key, value);
        }

        return dictionary;
    }

    private TorchTensor Tensor(TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides)
    {
        long[]? extents = Numbers(shape);
        long[]? steps = Numbers(strides);
        if (extents is null || steps is null || extents.Length != steps.Length || extents.Length > 8 || offset < 0)
        {
            throw new RefusedFileException(RefusalReason.Damaged, $"{source}: a tensor has no proper shape.");
        }

        // The largest index, in a width that cannot overflow: 8 products of numbers below 2⁶³, added.
        Int128 last = offset;
        Int128 elements = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            last += (Int128)Math.Max(extents[i] - 1, 0) * steps[i];
            elements = elements > long.MaxValue && extents[i] != 0 ? elements : elements * extents[i];
        }

        bool fits = elements == 0 ? offset <= storage.Elements : last < storage.Elements && elements <= long.MaxValue;
        return fits
            ? new TorchTensor(storage, offset, extents, steps)
            : throw new RefusedFileException(
                RefusalReason.OutOfBounds,
                $"{source}: a tensor of shape ({string.Join(", ", extents)}) at {offset} reaches beyond storage '{storage.Key}' of "
                + $"{storage.Elements} elements.");
    }

    private static long[]? Numbers(PickleTuple tuple)
        => tuple.Items.All(item => item is long and >= 0) ? [.. tuple.Items.Select(item => (long)item!)] : null;

    /// <summary>A numpy type of numbers.</summary>
    private sealed class NumpyType(string code)
    {
        public bool IsBigEndian { get; set; }

        public object? Read(byte[] bytes) => (code, bytes.Length, IsBigEndian) switch
        {
            ("f8", 8, false) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ("f8", 8, true) => BinaryPrimitives.ReadDoubleBigEndian(bytes),
            ("f4", 4, false) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ("i8", 8, false) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ("i4", 4, false) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ("b1", 1, _) => bytes[0] != 0,
            _ => null,
        };
    }
}
