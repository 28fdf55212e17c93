# What `npm install` builds when no prebuilt addon fits. Developers use CMakeLists.txt; both read native/sources.json.
{
  'targets': [
    {
      'target_name': 'ka_node',
      'sources': ['<!@(node native/sources.cjs core sys addon)'],
      'include_dirs': [
        '.',
        '<!@(node -p "require(\'node-addon-api\').include_dir")',
      ],
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
                  # a worker may be terminated between any two calls
                  'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags': ['<!@(pkg-config --cflags libnl-3.0 libnl-route-3.0 libnl-genl-3.0)', '-fvisibility=hidden'],
      'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden', '-Wall', '-Wextra'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fexceptions', '-frtti'],
      'libraries': ['<!@(pkg-config --libs libnl-3.0 libnl-route-3.0 libnl-genl-3.0)'],
      'ldflags': ['-Wl,--as-needed', '-Wl,-z,relro', '-Wl,-z,now'],
    },
  ],
}
