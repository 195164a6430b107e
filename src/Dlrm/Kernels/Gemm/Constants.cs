namespace Dlrm.Kernels;

/// <summary>A number that a generic method is specialised by, so that the JIT folds every test of it.</summary>
internal interface IConstant
{
    /// <summary>The number.</summary>
    static abstract int Value { get; }
}

/// <summary>How a microkernel walks over A: the same code serves A and Aᵀ.</summary>
internal interface IDepthStep
{
    /// <summary>Elements from one row of the tile to the next.</summary>
    static abstract int Row { get; }

    /// <summary>Elements from one k to the next.</summary>
    static abstract int Depth { get; }
}

/// <summary>A packed: k along a row of a panel.</summary>
internal readonly struct AlongRow : IDepthStep
{
    public static int Row => PanelMatrix.Width;

    public static int Depth => 1;
}

/// <summary>Aᵀ packed: k from row to row of a panel.</summary>
internal readonly struct AcrossRows : IDepthStep
{
    public static int Row => 1;

    public static int Depth => PanelMatrix.Width;
}

internal readonly struct One : IConstant
{
    public static int Value => 1;
}

internal readonly struct Two : IConstant
{
    public static int Value => 2;
}

internal readonly struct Three : IConstant
{
    public static int Value => 3;
}

internal readonly struct Four : IConstant
{
    public static int Value => 4;
}

internal readonly struct Five : IConstant
{
    public static int Value => 5;
}

internal readonly struct Six : IConstant
{
    public static int Value => 6;
}

internal readonly struct Seven : IConstant
{
    public static int Value => 7;
}

internal readonly struct Eight : IConstant
{
    public static int Value => 8;
}

internal readonly struct Nine : IConstant
{
    public static int Value => 9;
}

internal readonly struct Ten : IConstant
{
    public static int Value => 10;
}

internal readonly struct Eleven : IConstant
{
    public static int Value => 11;
}

internal readonly struct Twelve : IConstant
{
    public static int Value => 12;
}
