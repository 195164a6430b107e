namespace Dlrm.Interop.Pickle;

/// <summary>What no model's pickle exceeds: tensors lie outside of it, so it grows with their number alone.</summary>
internal static class PickleLimits
{
    /// <summary>Bytes of a pickle.</summary>
    public const long Bytes = 64 << 20;

    /// <summary>Bytes of a text.</summary>
    public const int TextBytes = 1 << 20;

    /// <summary>Values on the stack.</summary>
    public const int Stack = 1 << 20;

    /// <summary>Remembered values, and one more than the highest of their numbers.</summary>
    public const int Memo = 1 << 22;

    /// <summary>Containers inside one another.</summary>
    public const int Depth = 64;
}
