namespace Dlrm.Kernels;

/// <summary>A row's length as a type, so that loops over the usual lengths are compiled with constant bounds.</summary>
internal interface IDimension
{
    /// <summary>D.</summary>
    /// <param name="dimension">D, for the type that stands for any.</param>
    static abstract int Of(int dimension);
}

/// <summary>D = 16.</summary>
internal readonly struct Dimension16 : IDimension
{
    public static int Of(int dimension) => 16;
}

/// <summary>D = 32.</summary>
internal readonly struct Dimension32 : IDimension
{
    public static int Of(int dimension) => 32;
}

/// <summary>D = 64.</summary>
internal readonly struct Dimension64 : IDimension
{
    public static int Of(int dimension) => 64;
}

/// <summary>D = 128.</summary>
internal readonly struct Dimension128 : IDimension
{
    public static int Of(int dimension) => 128;
}

/// <summary>Any D.</summary>
internal readonly struct AnyDimension : IDimension
{
    public static int Of(int dimension) => dimension;
}
